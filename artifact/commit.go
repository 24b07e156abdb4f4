package artifact

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// staging is where the files of one Commit stand until all of them are on disk; journal is what makes them count: once
// it stands there, a crash is finished by the next run, and before that nothing has happened.
const (
	staging = ".staging"
	journal = "journal.json"
)

// Commit writes all files or none, whatever happens in between: each is staged with its final mode before its first
// byte and synced, then a journal of the renames is synced, then the renames are done. The caller holds the lock.
func (w *WorkDir) Commit(files []Local) error {
	if len(files) == 0 {
		return nil
	}
	dir := w.Path(staging)
	if err := w.stage(dir, files); err != nil {
		_ = os.RemoveAll(dir) // the next run clears it, too
		return fmt.Errorf("failed to write to %s, nothing was changed: %w", w.root, err)
	}
	return w.recover()
}

// recover finishes the renames of a journal that stands, or clears away what was staged without one.
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
	var targets []string
	if err := json.Unmarshal(data, &targets); err != nil {
		return fmt.Errorf("failed to read the journal of an unfinished write %s: %w", dir, err)
	}
	for i, target := range targets {
		err := os.Rename(stagedName(dir, i), w.Path(target))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("failed to put %s in place, the next run tries again: %w", target, err)
		}
	}
	if err := syncAll(w.parents(targets)); err != nil {
		return err
	}
	return os.RemoveAll(dir)
}

func (w *WorkDir) stage(dir string, files []Local) error {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	targets := make([]string, len(files))
	for i, f := range files {
		targets[i] = f.Path
	}
	if err := w.makeParents(targets); err != nil {
		return err
	}
	if err := writeAll(dir, files); err != nil {
		return err
	}
	return writeJournal(dir, targets)
}

// makeParents makes the directories that files will stand in, and syncs the ones above: a journal must not outlive the
// directories it renames into.
func (w *WorkDir) makeParents(targets []string) error {
	var above []string
	for _, dir := range w.parents(targets) {
		for d := dir; ; d = filepath.Dir(d) {
			if _, err := os.Stat(d); err == nil {
				break
			}
			above = append(above, filepath.Dir(d))
		}
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return err
		}
	}
	slices.Sort(above)
	return syncAll(slices.Compact(above))
}

// writeJournal makes the staged files count: by rename, so that half a journal is never read.
func writeJournal(dir string, targets []string) error {
	data, err := json.Marshal(targets)
	if err != nil {
		return err
	}
	draft := filepath.Join(dir, journal+".draft")
	if err := writeSynced(draft, 0o600, data); err != nil {
		return err
	}
	if err := os.Rename(draft, filepath.Join(dir, journal)); err != nil {
		return err
	}
	return syncAll([]string{dir, filepath.Dir(dir)})
}

// writeAll stages files side by side: the file system groups the syncs of concurrent writers.
func writeAll(dir string, files []Local) error {
	const writers = 16
	errs := make([]error, len(files))
	slots := make(chan struct{}, writers)
	var wg sync.WaitGroup
	for i, f := range files {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			errs[i] = writeSynced(stagedName(dir, i), f.Mode, f.Data)
		})
	}
	wg.Wait()
	// One reason is enough: a full disk would give the same one for every file.
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func stagedName(dir string, i int) string { return filepath.Join(dir, fmt.Sprintf("%06d", i)) }

// writeSynced makes the file with its final mode before the first byte stands in it.
func writeSynced(path string, mode fs.FileMode, data []byte) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.Chmod(mode); err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Sync()
}

func (w *WorkDir) parents(targets []string) []string {
	var dirs []string
	for _, t := range targets {
		dirs = append(dirs, filepath.Dir(w.Path(t)))
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

func syncAll(dirs []string) error {
	for _, dir := range dirs {
		d, err := os.Open(dir)
		if err != nil {
			return err
		}
		if err := errors.Join(d.Sync(), d.Close()); err != nil {
			return fmt.Errorf("failed to sync %s: %w", dir, err)
		}
	}
	return nil
}
