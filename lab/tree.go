package lab

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// tree is the folder that stands for a host's disk. Paths given to it are those of the host; every operation goes through
// os.Root, so that none can leave the folder, whatever links stand in it.
type tree struct {
	dir  string
	root *os.Root
	// real is the folder by a path without links.
	real string
	// outside is where links may lead although it is not in the folder: executables that the lab itself put there. They
	// are read and run, never written.
	outside func(target string) bool
}

func openTree(dir string, outside func(string) bool) (*tree, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("failed to make the folder of a host: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("failed to open the folder of a host: %w", err)
	}
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("failed to open the folder of a host: %w", err), root.Close())
	}
	return &tree{dir: dir, root: root, real: real, outside: outside}, nil
}

func (t *tree) close() error { return t.root.Close() }

// local is where a host's path stands on this machine; it never leaves the folder by "..".
func (t *tree) local(p string) string { return t.dir + clean(p) }

// maxLinks is how many links one path may lead through, as in Linux.
const maxLinks = 40

// clean is the path as an absolute one without "..".
func clean(p string) string { return path.Clean("/" + p) }

// errOutside is a link of the lab itself, to an executable of this machine.
type errOutside struct{ target string }

func (e errOutside) Error() string { return "is an executable of this machine: " + e.target }
func (errOutside) Unwrap() error   { return fs.ErrPermission }

// resolve follows links the way the host would, with the folder as /. The result is relative to the folder, free of
// links but for the last element when follow is false. What does not exist is kept as it is.
func (t *tree) resolve(p string, follow bool) (string, error) {
	at, rest := t.begin(strings.TrimPrefix(clean(p), "/"))
	for links := 0; len(rest) > 0; {
		name := rest[0]
		rest = rest[1:]
		switch name {
		case "", ".":
			continue
		case "..":
			at = path.Dir(at)
			continue
		}
		next := path.Join(at, name)
		target, err := t.root.Readlink(next)
		if err != nil || len(rest) == 0 && !follow {
			at = next
			continue
		}
		if links++; links > maxLinks {
			return "", &fs.PathError{Op: "open", Path: p, Err: syscall.ELOOP}
		}
		if len(rest) == 0 && t.outside(target) {
			return "", &fs.PathError{Op: "open", Path: p, Err: errOutside{target}}
		}
		if path.IsAbs(target) {
			at = "."
		}
		rest = append(strings.Split(target, "/"), rest...)
	}
	return at, nil
}

// begin is how far a path goes without a link, and what is left of it: nearly always all of it, or all but elements that
// are missing. The kernel tells that at once; looking at each element opens every directory above it again.
func (t *tree) begin(p string) (at string, rest []string) {
	if p == "" {
		return ".", nil
	}
	for at = p; at != "."; at = path.Dir(at) {
		fd, err := t.openLinkless(at, unix.O_PATH)
		if err == nil {
			_ = unix.Close(fd)
			return at, strings.Split(strings.TrimPrefix(p[len(at):], "/"), "/")
		}
		if errors.Is(err, unix.ENOENT) {
			// No link leads there, and nothing is there: that is all there is to resolve.
			return p, nil
		}
	}
	return ".", strings.Split(p, "/")
}

// openLinkless opens what stands at a path below the folder that leads through no link, in one call: ENOENT says that it
// leads through none and nothing stands there. Kernels before Linux 5.6 cannot tell.
func (t *tree) openLinkless(p string, flags uint64) (int, error) {
	return unix.Openat2(unix.AT_FDCWD, t.real+"/"+p, &unix.OpenHow{Flags: flags | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS})
}

// direct opens what a path leads to without a link; false where that cannot be said.
func (t *tree) direct(p string, flags uint64) (file *os.File, sure bool, err error) {
	fd, err := t.openLinkless(strings.TrimPrefix(clean(p), "/"), flags)
	switch {
	case err == nil:
		return os.NewFile(uintptr(fd), clean(p)), true, nil
	case errors.Is(err, unix.ENOENT):
		return nil, true, &fs.PathError{Op: "open", Path: p, Err: err}
	}
	return nil, false, nil
}

// open is for reading, also the executables that the lab linked.
func (t *tree) open(p string) (*os.File, error) {
	if file, sure, err := t.direct(p, unix.O_RDONLY); sure {
		return file, err
	}
	at, err := t.resolve(p, true)
	if out := (errOutside{}); errors.As(err, &out) {
		return os.Open(out.target)
	}
	if err != nil {
		return nil, err
	}
	return t.root.Open(at)
}

func (t *tree) stat(p string) (fs.FileInfo, error) {
	if file, sure, err := t.direct(p, unix.O_PATH); sure {
		if err != nil {
			return nil, err
		}
		info, err := file.Stat()
		return info, errors.Join(err, file.Close())
	}
	at, err := t.resolve(p, true)
	if out := (errOutside{}); errors.As(err, &out) {
		return os.Stat(out.target)
	}
	if err != nil {
		return nil, err
	}
	return t.root.Lstat(at)
}

func (t *tree) lstat(p string) (fs.FileInfo, error) {
	at, err := t.resolve(p, false)
	if err != nil {
		return nil, err
	}
	return t.root.Lstat(at)
}

func (t *tree) readFile(p string) ([]byte, error) {
	if file, sure, err := t.direct(p, unix.O_RDONLY); sure {
		if err != nil {
			return nil, err
		}
		defer file.Close()
		return io.ReadAll(file)
	}
	at, err := t.resolve(p, true)
	if err != nil {
		return nil, err
	}
	return t.root.ReadFile(at)
}

// writeFile makes a 0644 file, and parents as needed.
func (t *tree) writeFile(p string, data []byte) error {
	if err := t.mkdirAll(path.Dir(clean(p)), 0o755); err != nil {
		return err
	}
	at, err := t.resolve(p, true)
	if err != nil {
		return err
	}
	return t.root.WriteFile(at, data, 0o644)
}

func (t *tree) mkdirAll(p string, mode fs.FileMode) error {
	at, err := t.resolve(p, true)
	if err != nil {
		return err
	}
	return t.root.MkdirAll(at, mode)
}

func (t *tree) removeAll(p string) error {
	at, err := t.resolve(p, false)
	if err != nil {
		return err
	}
	return t.root.RemoveAll(at)
}
