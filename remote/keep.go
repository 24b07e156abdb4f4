package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"

	"hardway/artifact"
)

// Keeping is what stands on a host and is put aside before it is replaced.
type Keeping struct {
	// Dir holds what is kept. It is 0700, so that nobody else reaches what is in it, whatever its mode.
	Dir string
	// Files maps paths on the host to names in Dir.
	Files map[string]string
	// RecordName and Record are a further file in Dir, which says what the others are. It is replaced at once.
	RecordName string
	Record     []byte
}

// Keep puts files aside: each inode gets a second name in the directory, which costs no bytes and which no reader notices.
// Where the host cannot do that, for another file system or a link that stands there, the bytes are copied. What is kept
// under a name already stays as it is. All of it is on disk when Keep returns.
func (c *Client) Keep(ctx context.Context, k Keeping) error {
	if err := ctx.Err(); err != nil {
		return c.cannotWrite("stopped before anything was replaced", err)
	}
	server, release, err := c.sftp(ctx)
	if err != nil {
		return err
	}
	defer release()
	if err := k.keep(ctx, server); err != nil {
		return c.cannotWrite("failed to keep what is to be replaced", c.cause(ctx, err))
	}
	return nil
}

func (k Keeping) keep(ctx context.Context, server *files) error {
	made, err := server.makePrivate(k.Dir)
	if err != nil {
		return err
	}
	fresh := path.Join(k.Dir, k.RecordName+freshSuffix)
	if err := k.putAside(ctx, server); err != nil {
		return err
	}
	if err := server.writePrivate(fresh, k.Record); err != nil {
		return err
	}
	if err := server.PosixRename(fresh, path.Join(k.Dir, k.RecordName)); err != nil {
		return fmt.Errorf("failed to put %s in place: %w", path.Join(k.Dir, k.RecordName), err)
	}
	// A directory that was made has a new name in the one above it.
	changed := []string{k.Dir}
	for _, dir := range made {
		changed = append(changed, path.Dir(dir))
	}
	return server.syncDirs(changed)
}

// putAside gives each file its second name, all of them in one go, and copies those that this did not work for.
func (k Keeping) putAside(ctx context.Context, server *files) error {
	paths := slices.Sorted(maps.Keys(k.Files))
	linked := make([]bool, len(paths))
	_ = server.inTurn(2*len(paths), func(i int) error {
		from := paths[i/2]
		to := path.Join(k.Dir, k.Files[from])
		if i%2 == 0 {
			return server.Link(from, to)
		}
		info, err := server.Lstat(to)
		linked[i/2] = err == nil && info.Mode().IsRegular()
		return err
	})
	var left []string
	for i, from := range paths {
		if !linked[i] {
			left = append(left, from)
		}
	}
	return ForEach(ctx, left, stagers, func(_ context.Context, from string) error {
		return server.copyPrivate(from, path.Join(k.Dir, k.Files[from]))
	})
}

// makeParents makes a directory that is missing and those above it, and tells which of them were. They are as open as the
// server makes them: one that was to be shut would stay open when the run dies before it is.
func (f *files) makeParents(dir string) (made []string, err error) {
	if _, err := f.Lstat(dir); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if made, err = f.makeParents(path.Dir(dir)); err != nil {
		return nil, err
	}
	if err := f.Mkdir(dir); err != nil {
		if _, seen := f.Lstat(dir); seen == nil {
			return made, nil // another run was faster
		}
		return nil, fmt.Errorf("failed to make directory %s: %w", dir, err)
	}
	return append(made, dir), nil
}

// makePrivate makes a directory that only root enters, with its parents, and tells which of them were missing.
func (f *files) makePrivate(dir string) (made []string, err error) {
	// Nearly always the parent or nothing is missing. It is as open as those that makeParents makes.
	chain := []string{path.Dir(dir), dir}
	_ = f.inTurn(len(chain), func(i int) error {
		err := f.Mkdir(chain[i])
		if err == nil {
			made = append(made, chain[i])
		}
		return err
	})
	if !slices.Contains(made, dir) {
		info, err := f.Lstat(dir)
		switch {
		case err == nil && info.IsDir():
			// Another run may have made it and died before it was shut.
			return nil, f.Chmod(dir, privateDir)
		case !errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("failed to make directory %s: something else stands there", dir)
		}
		if made, err = f.makeParents(path.Dir(dir)); err == nil {
			err = f.Mkdir(dir)
		}
		if err != nil {
			return nil, fmt.Errorf("failed to make directory %s: %w", dir, err)
		}
		made = append(made, dir)
	}
	if err := f.Chmod(dir, privateDir); err != nil {
		return nil, fmt.Errorf("failed to make directory %s: %w", dir, err)
	}
	return made, nil
}

// freshSuffix is on the name of a file that is not whole yet.
const freshSuffix = ".new"

// copyPrivate copies a file of the host, through here, to one that root alone can read. It gets its name when it is whole.
func (f *files) copyPrivate(from, to string) error {
	in, err := f.Open(from)
	if err != nil {
		return fmt.Errorf("failed to read %s: %w", from, err)
	}
	defer in.Close()
	if err := f.streamPrivate(to+freshSuffix, in); err != nil {
		return err
	}
	if err := f.PosixRename(to+freshSuffix, to); err != nil {
		return fmt.Errorf("failed to put the copy of %s in place: %w", from, err)
	}
	return nil
}

// privateFile is the mode of what hardway keeps on a host for itself.
const privateFile = fs.FileMode(0o600)

// writePrivate writes a file in a directory that nobody else can enter, and syncs it.
func (f *files) writePrivate(name string, data []byte) error {
	if len(data) > smallFile {
		return f.streamPrivate(name, bytes.NewReader(data))
	}
	return f.writeTogether([]sending{{path: name, how: os.O_TRUNC, mode: privateFile, content: artifact.Bytes(data)}})
}

// streamPrivate writes such a file of any size.
func (f *files) streamPrivate(name string, from io.Reader) error {
	out, err := f.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return fmt.Errorf("failed to make %s: %w", name, err)
	}
	if err = out.Chmod(privateFile); err == nil {
		_, err = io.Copy(out, from)
	}
	if err == nil {
		err = f.sync(out)
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("failed to write %s: %w", name, err)
	}
	return nil
}
