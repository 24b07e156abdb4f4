package rollout

import (
	"context"
	"maps"
	"path"
	"slices"
	"strings"
)

// data is where units of what was delivered keep their own, in order.
func (l leaving) data() []string {
	var dirs []string
	for _, d := range data(slices.Collect(maps.Values(l.record))) {
		if !slices.Contains(dirs, d.Path) {
			dirs = append(dirs, d.Path)
		}
	}
	return dirs
}

// made is a directory as it was before.
func (l leaving) made(dir string) Kept {
	i := l.original.find(dir)
	if i < 0 {
		return Kept{Path: dir, Absent: true, Dir: true}
	}
	return l.original.Files[i]
}

// emptied reports whether nothing stays in a directory of data.
func (l leaving) emptied(dir string) bool {
	return len(l.made(dir).Held) == 0 && l.seen.Paths[dir].Exists
}

// goesWithAnother reports whether a directory lies in one in which nothing stays.
func (l leaving) goesWithAnother(dir string) bool {
	return slices.ContainsFunc(l.data(), func(d string) bool { return strings.HasPrefix(dir, d+"/") && l.emptied(d) })
}

// empties is what units have put into the directories of data: all that is in them, but what was before.
func (l leaving) empties() []Move {
	var moves []Move
	for _, dir := range l.data() {
		if l.emptied(dir) && !l.goesWithAnother(dir) {
			moves = append(moves, Move{Verb: Empty, What: dir, Reason: "what units kept there"})
		}
		for _, name := range l.added[dir] {
			moves = append(moves, Move{Verb: TakeOff, What: path.Join(dir, name), Reason: "what units kept there, beside what was there before"})
		}
	}
	if l.unwanted && l.seen.Paths[l.snapshotDir].Exists {
		moves = append(moves, Move{Verb: RemoveFiles, What: l.snapshots, Reason: "nobody wants snapshots"})
	}
	return moves
}

// findAdded lists what is in directories of data besides what was before.
func (l *leaving) findAdded(ctx context.Context) error {
	l.added = map[string][]string{}
	for _, dir := range l.data() {
		held := l.made(dir).Held
		if len(held) == 0 || !l.seen.Paths[dir].Exists {
			continue
		}
		entries, err := l.host.List(ctx, dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if !slices.Contains(held, e.Name) {
				l.added[dir] = append(l.added[dir], e.Name)
			}
		}
	}
	return nil
}

func (l leaving) users() []Move {
	var moves []Move
	for _, owner := range l.original.Owners {
		user, _, _ := strings.Cut(owner, ":")
		if _, there := l.seen.Owners[owner]; there && user != "root" {
			if !l.unwanted && l.seen.Paths[l.snapshotDir].Exists {
				moves = append(moves, Move{Verb: Disown, What: l.snapshotDir, Reason: "snapshots stay, their owner goes"})
			}
			moves = append(moves, Move{Verb: RemoveUser, What: user, Reason: "was not there before hardway came"})
		}
	}
	return moves
}

// dirs is the directories that hardway made, the deepest first.
func (l leaving) dirs() []Move {
	var dirs []string
	for _, k := range l.original.Files {
		if k.Dir && k.Absent && l.seen.Paths[k.Path].Exists && k.Path != ownDir && !strings.HasPrefix(k.Path, ownDir+"/") {
			dirs = append(dirs, k.Path)
		}
	}
	for _, dir := range l.data() {
		if l.made(dir).Absent && l.seen.Paths[dir].Exists {
			dirs = append(dirs, dir)
		}
	}
	dirs = slices.DeleteFunc(dirs, l.goesWithAnother)
	slices.SortFunc(dirs, func(a, b string) int { return strings.Compare(b, a) })
	var moves []Move
	for _, dir := range slices.Compact(dirs) {
		moves = append(moves, Move{Verb: RemoveDir, What: dir, Reason: "hardway made it"})
	}
	return moves
}
