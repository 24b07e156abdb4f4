package artifact

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/gofrs/flock"

	"hardway/cluster"
)

// ErrLocked says that another run holds the work directory.
var ErrLocked = errors.New("another hardway run holds the work directory")

// WorkDir is the directory next to cluster.yaml. Every write goes through Commit.
type WorkDir struct {
	root string

	mu    sync.Mutex
	files map[string]Content
}

// OpenWorkDir names a work directory; nothing is read or written yet.
func OpenWorkDir(root string) *WorkDir { return &WorkDir{root: root, files: map[string]Content{}} }

// File is the content of a file of the work directory: the same for all who ask, so that what many hosts hold is read for
// its digest once.
func (w *WorkDir) File(path string) Content {
	w.mu.Lock()
	defer w.mu.Unlock()
	path = w.Path(path)
	if w.files[path] == nil {
		w.files[path] = FromFile(path)
	}
	return w.files[path]
}

// Path is the local path of something in the work directory. What is absolute stands where it says: executables of several
// clusters may have one place.
func (w *WorkDir) Path(elem ...string) string {
	if len(elem) > 0 && filepath.IsAbs(elem[0]) {
		return filepath.Join(elem...)
	}
	return filepath.Join(append([]string{w.root}, elem...)...)
}

// Lock takes the work directory for this process and finishes what a crashed run had begun to write. The lock is held
// on the directory itself, so that taking it leaves no file behind. It returns ErrLocked at once when another run has it.
func (w *WorkDir) Lock() (unlock func() error, err error) {
	lock := flock.New(w.root, flock.SetFlag(os.O_RDONLY))
	held, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("failed to lock %s: %w", w.root, err)
	}
	if !held {
		return nil, lockedError{w.root}
	}
	if err := w.recover(); err != nil {
		return nil, errors.Join(err, lock.Unlock())
	}
	return lock.Unlock, nil
}

// lockedError is ErrLocked with its directory and what to do.
type lockedError struct{ dir string }

func (e lockedError) Error() string        { return e.dir + ": " + ErrLocked.Error() }
func (e lockedError) Is(target error) bool { return target == ErrLocked }

func (e lockedError) Problem() cluster.Problem {
	return cluster.Problem{
		Subject: e.dir, Message: ErrLocked.Error(),
		Hint: "wait until it has ended; --dry-run and checks work meanwhile; a run that crashed holds nothing",
	}
}

// Dangling finds the link on the way to something in the work directory that leads nowhere, as to a vault that is not
// mounted: what is behind it is not missing. The link is relative to the work directory.
func (w *WorkDir) Dangling(path string) (link string, found bool) {
	for ; path != "." && path != string(filepath.Separator); path = filepath.Dir(path) {
		info, err := os.Lstat(w.Path(path))
		if err != nil {
			continue
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			return "", false
		}
		_, err = os.Stat(w.Path(path))
		return path, errors.Is(err, fs.ErrNotExist)
	}
	return "", false
}

// Local is one file to write in the work directory.
type Local struct {
	// Path is relative to the work directory. Missing parents are made 0700.
	Path string
	Mode fs.FileMode
	Data []byte
}

// Remove takes files off, and the directories below hosts/ that became empty by it. What is already gone is fine.
func (w *WorkDir) Remove(paths []string) error {
	for _, p := range paths {
		if err := os.Remove(w.Path(p)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("failed to remove %s: %w", w.Path(p), err)
		}
		for dir := filepath.Dir(p); dir != "." && filepath.Dir(dir) != "."; dir = filepath.Dir(dir) {
			if os.Remove(w.Path(dir)) != nil {
				break
			}
		}
	}
	return nil
}
