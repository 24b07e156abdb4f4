package artifact

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// Commit writes all files and removes those named, or does nothing, whatever happens in between: each is staged with its
// final mode before its first byte and synced, then a journal is synced, then the renames and removals are done. The
// caller holds the lock.
func (w *WorkDir) Commit(files []Local, remove ...string) error {
	if len(files)+len(remove) == 0 {
		return nil
	}
	dir := w.Path(staging)
	entries, err := w.stage(dir, files, remove)
	if err != nil {
		_ = os.RemoveAll(dir) // the next run clears it, too
		return fmt.Errorf("failed to write to %s, nothing was changed: %w", w.root, err)
	}
	return w.replay(dir, entries)
}

func (w *WorkDir) stage(dir string, files []Local, remove []string) ([]journaled, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	entries, err := w.entries(files, remove)
	if err != nil {
		return nil, err
	}
	if err := w.makeParents(written(entries)); err != nil {
		return nil, err
	}
	if err := writeAll(dir, files); err != nil {
		return nil, err
	}
	return entries, writeJournal(dir, entries)
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

// writeAll stages files side by side: the file system groups the syncs of concurrent writers.
func writeAll(dir string, files []Local) error {
	const writers = 16
	atOnce := together(dir, len(files))
	errs := make([]error, len(files))
	slots := make(chan struct{}, writers)
	var wg sync.WaitGroup
	for i, f := range files {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			errs[i] = write(stagedName(dir, i), f.Mode, f.Data, !atOnce)
		})
	}
	wg.Wait()
	// One reason is enough: a full disk would give the same one for every file.
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	if atOnce {
		return syncTogether(dir)
	}
	return nil
}

// together reports whether so many files are better made durable by one sync of their file system: for few it would
// mostly wait for the writes of others.
func together(dir string, files int) bool {
	const many = 1000
	return files >= many && syncsTogether(dir)
}

func stagedName(dir string, i int) string { return filepath.Join(dir, fmt.Sprintf("%06d", i)) }

// write makes the file with its final mode before the first byte stands in it.
func write(path string, mode fs.FileMode, data []byte, synced bool) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.Chmod(mode); err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil || !synced {
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
