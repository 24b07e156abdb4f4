package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"time"
)

// Lock is a lock that stands on a host.
type Lock struct {
	// Data is what its holder wrote.
	Data []byte
	// Age is how long ago it was last written, by the host's own clock, in whole seconds.
	Age time.Duration
}

// ErrLockLost is of a lock that is gone, or is another's.
var ErrLockLost = errors.New("it is gone, or another's")

// lockTries is how often a lock is tried for while others come and go.
const lockTries = 5

// TakeLock makes a file that only one can make: 0600 and whole from its first moment. Where another was first, that lock is
// returned and nothing has changed. scratch is a name that nobody else uses.
func (c *Client) TakeLock(ctx context.Context, file, scratch string, data []byte) (held *Lock, err error) {
	err = c.withLock(ctx, "failed to take the lock "+file, func(server *files) (err error) {
		for range lockTries {
			if held, err = server.takeLock(file, scratch, data); !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
		return err
	})
	return held, err
}

// SeeLock is the lock that stands, nil where there is none.
func (c *Client) SeeLock(ctx context.Context, file, scratch string) (held *Lock, err error) {
	err = c.withLock(ctx, "failed to look at the lock "+file, func(server *files) error {
		if _, err := server.Stat(file); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		dir, fresh, err := server.scratch(file, scratch, nil)
		if err != nil {
			return err
		}
		held, err = server.lock(file, fresh)
		_ = server.RemoveDirectory(dir)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	return held, err
}

// RenewLock makes a lock young again, by writing what it holds; ErrLockLost (wrapped) when it holds something else.
func (c *Client) RenewLock(ctx context.Context, file string, data []byte) error {
	return c.withLock(ctx, "failed to renew the lock "+file, func(server *files) error {
		// What is open stays the same file, also when another lock gets its name meanwhile: that one is not written to.
		lock, err := server.OpenFile(file, os.O_RDWR)
		if errors.Is(err, fs.ErrNotExist) {
			return ErrLockLost
		}
		if err != nil {
			return err
		}
		held := make([]byte, len(data)+1)
		n, err := lock.ReadAt(held, 0)
		switch {
		case err != nil && !errors.Is(err, io.EOF):
		case !bytes.Equal(held[:n], data):
			err = ErrLockLost
		default:
			_, err = lock.WriteAt(data, 0)
		}
		return errors.Join(err, lock.Close())
	})
}

// DropLock takes a lock off, if it holds this; ErrLockLost (wrapped) when it holds something else. scratch is a name that
// nobody else uses.
func (c *Client) DropLock(ctx context.Context, file, scratch string, data []byte) error {
	return c.withLock(ctx, "failed to take off the lock "+file, func(server *files) error {
		if err := server.holdsLock(file, data); err != nil {
			return err
		}
		dir := LockDir(file)
		if _, err := server.makePrivate(dir); err != nil {
			return err
		}
		defer func() { _ = server.RemoveDirectory(dir) }()
		// Whoever moves it away has it alone: two that break the same lock cannot take off a third one's.
		away := path.Join(dir, scratch)
		if err := server.PosixRename(file, away); err != nil {
			return err
		}
		if err := server.holdsLock(away, data); err != nil {
			return errors.Join(err, server.Rename(away, file))
		}
		return server.Remove(away)
	})
}

func (c *Client) withLock(ctx context.Context, doing string, do func(*files) error) error {
	server, release, err := c.sftp(ctx)
	if err != nil {
		return err
	}
	defer release()
	if err := do(server); err != nil {
		return c.during(doing, "`hardway unlock` shows who holds which lock", c.cause(ctx, err))
	}
	return nil
}

// LockDir is where a lock is written before it gets its name.
func LockDir(file string) string { return path.Join(path.Dir(file), ".hardway-lock") }

// scratch writes a file of its own in the lock's directory.
func (f *files) scratch(file, name string, data []byte) (dir, fresh string, err error) {
	dir = LockDir(file)
	if _, err := f.makePrivate(dir); err != nil {
		return dir, "", err
	}
	fresh = path.Join(dir, name)
	return dir, fresh, f.writePrivate(fresh, data)
}

// takeLock writes the file beside and gives it its name: SFTP's plain rename never replaces, and OpenSSH does it by a link.
func (f *files) takeLock(file, name string, data []byte) (held *Lock, err error) {
	dir, fresh, err := f.scratch(file, name, data)
	if err != nil {
		return nil, err
	}
	if err := f.Rename(fresh, file); err == nil {
		// What others left there is taken off: they find out, and try again.
		if err := f.RemoveDirectory(dir); err != nil {
			return nil, clearStage(f, dir)
		}
		return nil, nil
	}
	held, err = f.lock(file, fresh)
	_ = f.RemoveDirectory(dir)
	return held, err
}

// lock is the lock that stands. The file that was just written tells the time of the host, and is taken off.
func (f *files) lock(file, fresh string) (*Lock, error) {
	now, errNow := f.Stat(fresh)
	info, err := f.Stat(file)
	if err := errors.Join(errNow, err, f.Remove(fresh)); err != nil {
		return nil, err
	}
	data, err := f.readAll(file)
	if err != nil {
		return nil, err
	}
	return &Lock{Data: data, Age: now.ModTime().Sub(info.ModTime())}, nil
}

// holdsLock reads as much as the lock should hold, which takes one question: no lock begins with another, each being one JSON
// document with a name of its own in it.
func (f *files) holdsLock(file string, data []byte) error {
	lock, err := f.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return ErrLockLost
	}
	if err != nil {
		return fmt.Errorf("failed to read %s: %w", file, err)
	}
	held := make([]byte, len(data))
	n, err := lock.ReadAt(held, 0)
	err = errors.Join(notEnd(err), lock.Close())
	if err == nil && !bytes.Equal(held[:n], data) {
		return ErrLockLost
	}
	if err != nil {
		return fmt.Errorf("failed to read %s: %w", file, err)
	}
	return nil
}

// notEnd is an error of reading, but for the end of the file.
func notEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
