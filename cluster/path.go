package cluster

import (
	"fmt"
	"strconv"
	"strings"
)

// A field path names a place in the spec as Kubernetes does: spec.hosts[3].address[0].

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func index(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

// listPath is the path of element i, or of the field itself where it holds one value and may be written as such.
func listPath(path string, values []string, i int) string {
	if len(values) == 1 {
		return path
	}
	return index(path, i)
}

func hostPath(i int, field string) string { return index("spec.hosts", i) + "." + field }

// parent is the path around this one, empty at the top.
func parent(path string) string { return path[:max(strings.LastIndexAny(path, ".["), 0)] }

// plain is a key of the file as part of a path: quoted unless it is a word.
func plain(key string) string {
	key = short(key)
	word := func(r rune) bool {
		return r == '-' || r == '_' || r >= '0' && r <= '9' || r|0x20 >= 'a' && r|0x20 <= 'z'
	}
	if key == "" || strings.ContainsFunc(key, func(r rune) bool { return !word(r) }) {
		return strconv.Quote(key)
	}
	return key
}

// short bounds what a message repeats of a value.
func short(text string) string {
	const limit = 80
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit], "") + "…"
}

// gaps is the places of values that were left out of the spec. What validation says of those, of what is in them or of
// what holds them would be about the gap, not about the operator's mistake.
type gaps struct{ at, around map[string]bool }

func (g *gaps) add(path string) {
	if g.at == nil {
		g.at, g.around = map[string]bool{}, map[string]bool{}
	}
	g.at[path] = true
	for p := parent(path); p != "" && !g.around[p]; p = parent(p) {
		g.around[p] = true
	}
}

// cover reports whether the path is, lies in, or holds a gap.
func (g *gaps) cover(path string) bool {
	if g.around[path] {
		return true
	}
	for p := path; p != ""; p = parent(p) {
		if g.at[p] {
			return true
		}
	}
	return g.at[""]
}
