package artifact

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// partial is on the name of a file that is not whole yet.
const partial = ".partial"

// Stream writes a file that is too large to be held in memory and that nobody but its owner may read: it is made 0600 next
// to where it will stand, filled, synced, checked, and gets its name only then. A failed run leaves nothing; what a killed
// one left is written anew. A file that stands there is never replaced: the error is fs.ErrExist. Missing parents are made
// 0700.
func Stream(path string, fill func(io.Writer) error, check func(draft string) error) (err error) {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("failed to write %s: %w", path, fs.ErrExist)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	draft := path + partial
	if err := os.Remove(draft); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(draft)
		}
	}()
	if err := fillDraft(draft, fill); err != nil {
		return err
	}
	if err := check(draft); err != nil {
		return err
	}
	if err := os.Rename(draft, path); err != nil {
		return err
	}
	return syncAll([]string{filepath.Dir(path)})
}

func fillDraft(draft string, fill func(io.Writer) error) error {
	f, err := os.OpenFile(draft, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err = fill(f); err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
