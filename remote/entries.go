package remote

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/pkg/sftp"
)

// List is what stands in a directory, in the order of the names; nothing where it is missing.
func (c *Client) List(ctx context.Context, dir string) ([]Entry, error) {
	server, release, err := c.sftp(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	found, err := server.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, c.during("failed to list "+dir, asRootHint, c.cause(ctx, err))
	}
	var entries []Entry
	for _, e := range found {
		entries = append(entries, Entry{e.Name(), e.ModTime()})
	}
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return entries, nil
}

// Open is a file to read from. Ending the context ends the reading.
func (c *Client) Open(ctx context.Context, path string) (io.ReadCloser, error) {
	server, release, err := c.sftp(ctx)
	if err != nil {
		return nil, err
	}
	file, err := server.Open(path)
	if err != nil {
		release()
		return nil, c.during("failed to read "+path, "look at it on the host", c.cause(ctx, err))
	}
	return reading{file, release}, nil
}

// reading is a file that knows how to hand itself over in large pieces.
type reading struct {
	*sftp.File
	release func()
}

// Close ends the reading, and lets the session go.
func (r reading) Close() error {
	defer r.release()
	return r.File.Close()
}

// Rename gives a directory another name, at once and to last.
func (c *Client) Rename(ctx context.Context, from, to string) error {
	server, release, err := c.sftp(ctx)
	if err != nil {
		return err
	}
	defer release()
	if err = server.PosixRename(from, to); err == nil {
		err = server.syncDirs([]string{path.Dir(to)})
	}
	if err != nil {
		return c.cannotWrite("failed to rename "+from+" to "+to, c.cause(ctx, err))
	}
	return nil
}
