package cis

import (
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

// condition is what a check wants of a host.
type condition interface {
	// unmet says what is wrong; empty means that the host has what is wanted.
	unmet(h Host) string
	// spoil takes it from a host, so that every check can be seen to fail.
	spoil(h *Host)
}

// flag wants something of a flag of a running program.
type flag struct {
	program, name string
	value         value
}

// value is what a flag has to say: as it is given, or not given at all.
type value struct {
	wants string
	ok    func(given string, set bool) bool
	// bad is one that is not ok; nil means that the flag is not given.
	bad *string
}

func (f flag) unmet(h Host) string {
	p, runs := h.Processes[f.program]
	if !runs {
		return f.program + " does not run"
	}
	given, set := p.Flags[f.name]
	if f.value.ok(given, set) {
		return ""
	}
	if !set {
		given = "(not given)"
	}
	return fmt.Sprintf("%s --%s is %s, wanted: %s", f.program, f.name, given, f.value.wants)
}

func (f flag) spoil(h *Host) {
	if f.value.bad == nil {
		delete(h.Processes[f.program].Flags, f.name)
		return
	}
	h.Processes[f.program].Flags[f.name] = *f.value.bad
}

func is(want string) value {
	return value{want, func(given string, _ bool) bool { return given == want }, new("not " + want)}
}

func isNot(unwanted string) value {
	return value{"not " + unwanted, func(given string, _ bool) bool { return given != unwanted }, new(unwanted)}
}

func given() value {
	return value{"given", func(given string, _ bool) bool { return given != "" }, nil}
}

func notGiven() value {
	return value{"not given", func(_ string, set bool) bool { return !set }, new("given")}
}

func lists(word string) value {
	return value{"with " + word, func(given string, _ bool) bool { return slices.Contains(strings.Split(given, ","), word) }, new("Other")}
}

func listsNot(word string) value {
	return value{"without " + word, func(given string, _ bool) bool { return !slices.Contains(strings.Split(given, ","), word) }, new("Other," + word)}
}

func atLeast(least int) value {
	return value{"at least " + strconv.Itoa(least), func(given string, _ bool) bool {
		n, err := strconv.Atoi(given)
		return err == nil && n >= least
	}, new(strconv.Itoa(least - 1))}
}

// strongCiphers is a list of none but suites with forward secrecy and authenticated encryption.
func strongCiphers() value {
	return value{"strong suites alone", func(given string, set bool) bool {
		return set && !slices.ContainsFunc(strings.Split(given, ","), weak)
	}, new("TLS_RSA_WITH_AES_128_CBC_SHA")}
}

func weak(suite string) bool {
	forward := strings.HasPrefix(suite, "TLS_ECDHE_") || strings.HasPrefix(suite, "TLS_AES_") || strings.HasPrefix(suite, "TLS_CHACHA20_")
	return !forward || !strings.Contains(suite, "GCM") && !strings.Contains(suite, "CHACHA20_POLY1305")
}

// files wants no more than a mode, or one owner, of every file that is found; there has to be one.
type files struct {
	find  func(Host) []string
	most  fs.FileMode
	owner string
}

func (f files) unmet(h Host) string {
	paths := f.find(h)
	if len(paths) == 0 {
		return "no such file"
	}
	for _, p := range paths {
		file, there := h.Files[p]
		switch {
		case !there:
			return p + " is not there"
		case f.owner != "" && file.Owner != f.owner:
			return fmt.Sprintf("%s belongs to %s, wanted: %s", p, file.Owner, f.owner)
		case f.owner == "" && file.Mode.Perm()&^f.most != 0:
			return fmt.Sprintf("%s has mode %04o, wanted: %04o or less", p, file.Mode.Perm(), f.most)
		}
	}
	return ""
}

func (f files) spoil(h *Host) {
	paths := f.find(*h)
	h.Files[paths[len(paths)-1]] = File{Mode: 0o666, Owner: "nobody:nogroup"}
}

// ask wants something that is no single flag and no file.
type ask struct {
	wants string
	ok    func(Host) bool
	bad   func(*Host)
}

func (a ask) unmet(h Host) string {
	if a.ok(h) {
		return ""
	}
	return "wanted: " + a.wants
}

func (a ask) spoil(h *Host) { a.bad(h) }
