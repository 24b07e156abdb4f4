package rollout

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"hardway/artifact"
	"hardway/remote"
)

// keeping is the generation that a commit makes. Ready shares it between its copies, so that what a commit kept can be
// put back.
type keeping struct {
	// dir is where the generation stands; empty while there is none.
	dir string
	// becomes is what it was to be renamed to, once that was begun: a lost connection does not say whether it was.
	becomes    string
	generation Generation
}

// keep puts aside what the commit replaces, before it does. What an earlier run began and did not end goes on: what is kept
// already stays, so that a generation always holds the host as it was before the whole change.
func (h Ready) keep(ctx context.Context) error {
	began, err := h.begun(ctx)
	if err != nil {
		return err
	}
	g := h.generation(began)
	if len(g.Files) == 0 {
		return nil
	}
	record, err := g.encode()
	if err != nil {
		return err
	}
	k := remote.Keeping{Dir: unfinishedDir, Files: map[string]string{}, RecordName: recordName, Record: record}
	for _, f := range g.Files {
		if f.File != "" {
			k.Files[f.Path] = f.File
		}
	}
	if err := h.Conn.Keep(ctx, k); err != nil {
		// Nothing was replaced yet, and what is kept may not be whole: there is nothing to put back.
		return err
	}
	h.kept.dir, h.kept.generation = unfinishedDir, g
	return nil
}

// begun is the generation that a run which was cut off has left; empty where there is none. One without a record holds
// nothing that counts: the record is on disk before anything is replaced.
func (h Ready) begun(ctx context.Context) (Generation, error) {
	if !h.Change.cutOff() {
		return Generation{}, nil
	}
	g, err := readGeneration(ctx, h.Conn, unfinishedDir)
	if errors.Is(err, fs.ErrNotExist) {
		return Generation{}, h.Conn.Sweep(ctx, []string{unfinishedDir})
	}
	return g, err
}

// cutOff reports whether a commit on the host has begun and not ended.
func (c Change) cutOff() bool { return c.State.Paths[unfinishedDir].Exists }

// generation is what is kept already and what this commit replaces besides.
func (h Ready) generation(began Generation) Generation {
	run := h.Change.want.Run
	g := Generation{
		ID: generationID(run), Run: run.ID, At: run.At.UTC(), Who: run.Who, Command: run.Command, PutsBack: run.PutsBack,
		Reason: summary(h.Part()), Continues: began.Continues, Files: began.Files, dir: unfinishedDir,
	}
	if began.Run != "" && began.Run != run.ID {
		g.Continues = append(g.Continues, began.Run)
	}
	for _, f := range h.replaces() {
		if _, done := g.holds(f.Path); !done {
			g.Files = append(g.Files, h.Change.standing(f))
		}
	}
	return g
}

// replaces is every file that the commit makes, replaces or takes off, the record of what was delivered among them.
// Declarations of users are in place since the staging, and stay: a user cannot be undone.
func (h Ready) replaces() []FileChange {
	files := slices.DeleteFunc(h.Part(), func(f FileChange) bool { return f.bookkeeping() || isSysusers(f.Path) })
	if h.recorded && !slices.ContainsFunc(files, func(f FileChange) bool { return f.Path == DeliveredPath }) {
		files = append(files, FileChange{Path: DeliveredPath, File: artifact.File{Component: deliveredComponent}})
	}
	return files
}

// standing is what is at a path before the change.
func (c Change) standing(f FileChange) Kept {
	seen := c.State.Paths[f.Path]
	k := Kept{Path: f.Path, Component: f.File.Component, Absent: !seen.Exists}
	if k.Absent {
		return k
	}
	k.Mode, k.Owner, k.Dir = fmt.Sprintf("%04o", seen.Mode.Perm()), seen.Owner, seen.IsDir
	if !seen.IsDir {
		k.File, k.SHA256, k.Size = fileName.Replace(f.Path[1:]), seen.SHA256, seen.Size
	}
	return k
}

// finish makes the generation one of those that can be put back, and takes off the oldest.
func (h Ready) finish(ctx context.Context) error {
	if h.kept.dir == "" {
		return nil
	}
	entries, err := h.Conn.List(ctx, GenerationsDir)
	if err != nil {
		return err
	}
	var names []string
	for _, e := range entries {
		if e.Name != path.Base(unfinishedDir) {
			names = append(names, e.Name)
		}
	}
	g := h.kept.generation
	h.kept.becomes = path.Join(GenerationsDir, after(names, g))
	if err := h.Conn.Rename(ctx, unfinishedDir, h.kept.becomes); err != nil {
		return err
	}
	h.kept.dir = h.kept.becomes
	old := outdated(names, g.Run)
	if len(old) == 0 {
		return nil
	}
	return h.Conn.Sweep(ctx, old)
}

// outdated is the generations of all but the last runs, the one that is under way among them: what a run replaced can only be
// put back whole.
func outdated(names []string, run string) (old []string) {
	runs := []string{run}
	for _, name := range slices.Backward(names) {
		of := name[strings.LastIndexByte(name, '-')+1:]
		if !slices.Contains(runs, of) && len(old) == 0 && len(runs) < KeptRuns {
			runs = append(runs, of)
		}
		if !slices.Contains(runs, of) {
			old = append(old, path.Join(GenerationsDir, name))
		}
	}
	slices.Reverse(old)
	return old
}

// after is the generation's name, which has to sort behind all others: clocks of two operators may differ.
func after(names []string, g Generation) string {
	if len(names) == 0 || g.ID > names[len(names)-1] {
		return g.ID
	}
	newest := names[len(names)-1]
	stamp, _, _ := strings.Cut(newest, "-")
	at, err := time.Parse(idTime, stamp)
	if err != nil {
		return newest + "-" + g.Run
	}
	return generationID(Run{ID: g.Run, At: at.Add(time.Millisecond)})
}

// summary is what changes, in a few words.
func summary(files []FileChange) string {
	counts := map[Verb]int{}
	var first string
	for _, f := range files {
		if f.bookkeeping() || f.Path == DeliveredPath {
			continue
		}
		if counts[f.Verb]++; first == "" {
			first = f.Path
		}
	}
	var parts []string
	for _, verb := range []Verb{Create, Update, Correct, Delete} {
		if counts[verb] > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", verb, counts[verb]))
		}
	}
	if len(parts) == 0 {
		return "the record of what was delivered"
	}
	return strings.Join(parts, ", ") + ", beginning with " + first
}
