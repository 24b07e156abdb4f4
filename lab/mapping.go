package lab

import (
	"path"
	"slices"
	"strings"
)

// mapping puts the paths that a unit names into a host's folder.
type mapping struct {
	dir string
	// instead is what a path is replaced by where that is not the same path below dir; nil for nothing.
	instead func(path string) (string, bool)
}

// devices is paths that are the machine's everywhere.
var devices = []string{"/dev/null", "/dev/zero", "/dev/urandom", "/dev/stdin", "/dev/stdout", "/dev/stderr"}

// urlPaths is flags whose values begin with a slash and are no files: kube-apiserver's and its relatives'.
var urlPaths = []string{"--authorization-always-allow-paths"}

// pathSchemes is what may stand before a path to a file or socket.
var pathSchemes = []string{"unix://", "unix:", "file://"}

// word maps every path in an argument: the argument itself, the value after each "=", each item of a list. URLs and
// everything else stay as they are.
func (m mapping) word(word string) string {
	if flag, _, ok := strings.Cut(word, "="); ok && slices.Contains(urlPaths, flag) {
		return word
	}
	items := strings.Split(word, ",")
	for i, item := range items {
		items[i] = m.item(item)
	}
	return strings.Join(items, ",")
}

func (m mapping) words(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = m.word(w)
	}
	return out
}

func (m mapping) item(item string) string {
	if strings.HasPrefix(item, "/") {
		return m.path(item)
	}
	for _, scheme := range pathSchemes {
		if rest, ok := strings.CutPrefix(item, scheme); ok && strings.HasPrefix(rest, "/") {
			return scheme + m.path(rest)
		}
	}
	if name, value, ok := strings.Cut(item, "="); ok {
		return name + "=" + m.item(value)
	}
	return item
}

// path keeps a path's spelling, unless it would climb out of the folder.
func (m mapping) path(p string) string {
	if slices.Contains(devices, p) {
		return p
	}
	if slices.Contains(strings.Split(p, "/"), "..") {
		p = path.Clean(p)
	}
	if m.instead != nil {
		if at, ok := m.instead(p); ok {
			return at
		}
	}
	return m.dir + p
}
