package remote

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"

	"hardway/artifact"
)

// Commit puts what is staged in place, in the order of the paths. Each rename is atomic; a key and its certificate are
// renamed in one go, because some servers read both at every handshake. A commit that fails leaves each file whole, old
// or new; running again finishes it.
func (s *staged) Commit(ctx context.Context) error {
	server, release, err := s.client.sftp(ctx)
	if err != nil {
		return err
	}
	defer release()
	err = s.settleDirs(server)
	for _, together := range s.pairs() {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = rename(server, together)
		}
	}
	if err == nil {
		err = ForEach(ctx, s.touched(), stagers, func(_ context.Context, dir string) error { return server.syncDir(dir) })
	}
	if err == nil {
		err = ForEach(ctx, s.targets(), stagers, func(_ context.Context, dir string) error {
			return server.RemoveDirectory(path.Join(dir, stageName))
		})
	}
	if err != nil {
		return s.client.cannotWrite("failed to put staged files in place", s.client.cause(ctx, err))
	}
	s.finish()
	return nil
}

// settleDirs gives the tree's directories their owner and mode.
func (s *staged) settleDirs(server *files) error {
	for _, d := range s.dirs {
		owner := s.owners[d.OwnerOrRoot()]
		if err := errors.Join(server.Chown(d.Path, owner.UID, owner.GID), server.Chmod(d.Path, d.Mode.Perm())); err != nil {
			return fmt.Errorf("failed to set mode %04o and owner %s of %s: %w", d.Mode.Perm(), d.OwnerOrRoot(), d.Path, err)
		}
	}
	return nil
}

// pairs groups the files, which are in order, by their name without its extension: a key and its certificate, or a file
// alone.
func (s *staged) pairs() [][]artifact.File {
	var pairs [][]artifact.File
	for i, f := range s.files {
		if i > 0 && stem(s.files[i-1]) == stem(f) {
			last := len(pairs) - 1
			pairs[last] = append(pairs[last], f)
			continue
		}
		pairs = append(pairs, []artifact.File{f})
	}
	return pairs
}

// rename sends the renames of a pair without waiting for an answer in between: the host does them microseconds apart.
func rename(server *files, together []artifact.File) error {
	return ForEach(context.Background(), together, len(together), func(_ context.Context, f artifact.File) error {
		if err := server.PosixRename(stagedPath(f), f.Path); err != nil {
			return fmt.Errorf("failed to rename %s to %s: %w", stagedPath(f), f.Path, err)
		}
		return nil
	})
}

// touched is every directory with a new name in it, or a new mode.
func (s *staged) touched() []string {
	dirs := s.targets()
	for _, d := range s.dirs {
		dirs = append(dirs, d.Path)
	}
	for _, made := range s.made {
		dirs = append(dirs, path.Dir(made))
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}
