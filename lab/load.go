package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"sort"
	"strings"
	"time"

	"hardway/artifact"
)

// unitPath is where units stand, the first place winning: systemd.unit(5), "Unit File Load Path".
var unitPath = []string{artifact.UnitDir, "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"}

// errNotFound is a unit that has no file.
var errNotFound = errors.New("not found")

// stamp is a unit file as it was when it was read.
type stamp struct {
	path    string
	modTime time.Time
	size    int64
}

// load reads the unit's files; running processes are left alone.
func (s *service) load() {
	paths, err := s.host.unitFiles(s.name)
	var d *definition
	if err == nil {
		d, err = s.host.define(s.name, paths)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loadError, s.stamps = err, s.host.stamps(paths)
	if d != nil || errors.Is(err, errNotFound) {
		s.definition = d
	}
}

// needReload reports whether the unit's files are others than those that were read.
func (s *service) needReload() bool {
	paths, _ := s.host.unitFiles(s.name)
	now := s.host.stamps(paths)
	s.mu.Lock()
	defer s.mu.Unlock()
	return !slices.Equal(now, s.stamps)
}

func (h *host) stamps(paths []string) []stamp {
	var out []stamp
	for _, p := range paths {
		if info, err := h.tree.stat(p); err == nil {
			out = append(out, stamp{p, info.ModTime(), info.Size()})
		}
	}
	return out
}

// unitFiles is the file that defines a unit and its drop-ins, in the order in which they count.
func (h *host) unitFiles(name string) ([]string, error) {
	if path.Base(name) != name || !strings.HasSuffix(name, ".service") {
		return nil, fmt.Errorf("%q is no name of a service", name)
	}
	var files []string
	for _, dir := range unitPath {
		if info, err := h.tree.stat(dir + "/" + name); err == nil && info.Mode().IsRegular() {
			files = append(files, dir+"/"+name)
			break
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("unit %s %w", name, errNotFound)
	}
	return append(files, h.dropIns(name)...), nil
}

// dropIns is sorted by name; of two with the same name the one from the first place counts.
func (h *host) dropIns(name string) []string {
	found := map[string]string{}
	for _, dir := range unitPath {
		at, err := h.tree.resolve(dir+"/"+name+".d", true)
		if err != nil {
			continue
		}
		entries, _ := fs.ReadDir(h.tree.root.FS(), at)
		for _, e := range entries {
			if _, seen := found[e.Name()]; !seen && strings.HasSuffix(e.Name(), ".conf") {
				found[e.Name()] = dir + "/" + name + ".d/" + e.Name()
			}
		}
	}
	var names []string
	for n := range found {
		names = append(names, n)
	}
	sort.Strings(names)
	var out []string
	for _, n := range names {
		out = append(out, found[n])
	}
	return out
}

func (h *host) define(name string, paths []string) (*definition, error) {
	var sources []source
	for _, p := range paths {
		text, err := h.tree.readFile(p)
		if err != nil {
			return nil, fmt.Errorf("failed to read %s: %w", p, err)
		}
		sources = append(sources, source{p, text})
	}
	return parseDefinition(name, h.Name, sources)
}
