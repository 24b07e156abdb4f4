package artifact

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"hardway/cluster"
)

// staging is where the files of one Commit stand until all of them are on disk; journal is what makes them count: once
// it stands there, a crash is finished by the next run, and before that nothing has happened.
const (
	staging = ".staging"
	journal = "journal.json"
)

// journaled is one step of a Commit. The staged content of a file to write is numbered by its place in the journal.
type journaled struct {
	Path string `json:"path"`
	// Before is what stood there when the step was journaled, as state gives it.
	Before string `json:"before,omitempty"`
	Remove bool   `json:"remove,omitempty"`
}

// entries is the journal of a Commit: files in their order, so that the numbers of what is staged are theirs.
func (w *WorkDir) entries(files []Local, remove []string) ([]journaled, error) {
	var entries []journaled
	for _, f := range files {
		entries = append(entries, journaled{Path: f.Path})
	}
	for _, path := range remove {
		entries = append(entries, journaled{Path: path, Remove: true})
	}
	for i, e := range entries {
		before, err := state(w.Path(e.Path))
		if err != nil {
			return nil, err
		}
		entries[i].Before = before
	}
	return entries, nil
}

// state tells apart what can stand at a path: empty for nothing, a link by where it leads, a file by its digest.
func state(path string) (string, error) {
	info, err := os.Lstat(path)
	// Where a parent is a file nothing stands, either; making the parents says so.
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		to, err := os.Readlink(path)
		return "link to " + to, err
	}
	return FromFile(path).SHA256()
}

// writeJournal makes the staged files count: by rename, so that half a journal is never read.
func writeJournal(dir string, entries []journaled) error {
	data, err := json.Marshal(entries)
	if err != nil {
		return err
	}
	draft := filepath.Join(dir, journal+".draft")
	if err := write(draft, 0o600, data, true); err != nil {
		return err
	}
	if err := os.Rename(draft, filepath.Join(dir, journal)); err != nil {
		return err
	}
	return syncAll([]string{dir, filepath.Dir(dir)})
}

// recover finishes what a journal that stands says, or clears away what was staged without one. What a person has put
// in place of a target since the crash is never replaced: that is a cluster.Problems, and nothing is done.
func (w *WorkDir) recover() error {
	dir := w.Path(staging)
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		return nil // a read-only file system would not even let nothing be removed
	}
	data, err := os.ReadFile(filepath.Join(dir, journal))
	if errors.Is(err, fs.ErrNotExist) {
		return os.RemoveAll(dir)
	}
	if err != nil {
		return fmt.Errorf("failed to read the journal of an unfinished write: %w", err)
	}
	var entries []journaled
	if err := json.Unmarshal(data, &entries); err != nil {
		return cluster.Problems{{Subject: filepath.Join(staging, journal), Message: fmt.Sprintf("the journal of an unfinished write cannot be read: %v", err),
			Hint: "remove " + staging + " to drop the unfinished write"}}
	}
	if err := w.untouched(dir, entries); err != nil {
		return err
	}
	return w.replay(dir, entries)
}

// untouched refuses targets that are neither as they were nor as they are to be. One that is gone loses nothing.
func (w *WorkDir) untouched(dir string, entries []journaled) error {
	var problems cluster.Problems
	for i, e := range entries {
		now, err := state(w.Path(e.Path))
		if err != nil {
			return fmt.Errorf("failed to look at the target of an unfinished write: %w", err)
		}
		staged, err := state(stagedName(dir, i))
		if err != nil {
			return fmt.Errorf("failed to look at an unfinished write: %w", err)
		}
		// Nothing staged: the rename is done, and what was put there afterwards stays.
		done := !e.Remove && staged == ""
		if done || now == "" || now == e.Before || now == staged {
			continue
		}
		problems = append(problems, cluster.Problem{Subject: e.Path,
			Message: "it was changed since a run stopped in the middle of writing it, and finishing that write would replace it",
			Hint:    "move it away to have the write finished, or remove " + staging + " to keep it and drop the unfinished write"})
	}
	return problems.OrNil()
}

// replay does the steps of a journal that are not done yet. It can be repeated.
func (w *WorkDir) replay(dir string, entries []journaled) error {
	targets := written(entries)
	if err := w.makeParents(targets); err != nil {
		return fmt.Errorf("failed to make the directories of an unfinished write: %w", err)
	}
	var gone []string
	for i, e := range entries {
		if e.Remove {
			gone = append(gone, e.Path)
			continue
		}
		err := os.Rename(stagedName(dir, i), w.Path(e.Path))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("failed to put %s in place, the next run tries again: %w", e.Path, err)
		}
	}
	if err := w.settle(targets); err != nil {
		return err
	}
	if err := w.Remove(gone); err != nil {
		return err
	}
	if err := syncAll(w.standing(w.parents(gone))); err != nil {
		return err
	}
	return os.RemoveAll(dir)
}

// settle makes the renames durable.
func (w *WorkDir) settle(targets []string) error {
	if together(w.root, len(targets)) {
		return syncTogether(w.root)
	}
	return syncAll(w.parents(targets))
}

// standing is the directories, each replaced by the nearest one above it where it is gone.
func (w *WorkDir) standing(dirs []string) []string {
	for i, dir := range dirs {
		for dir != w.root {
			if _, err := os.Lstat(dir); err == nil {
				break
			}
			dir = filepath.Dir(dir)
		}
		dirs[i] = dir
	}
	return dirs
}

func written(entries []journaled) (targets []string) {
	for _, e := range entries {
		if !e.Remove {
			targets = append(targets, e.Path)
		}
	}
	return targets
}
