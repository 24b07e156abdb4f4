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
// renamed in one go, because some servers read both at every handshake. Ending the context stops a commit that has not
// begun; one that has begun is finished. A commit that fails leaves each file whole, old or new, and nothing staged:
// running again finishes it.
func (s *staged) Commit(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return s.client.cannotWrite("stopped before staged files were put in place", err)
	}
	begun, cancel := lingering(ctx)
	defer cancel()
	if err := s.commit(begun); err != nil {
		s.abandon(ctx)
		return s.client.cannotWrite("failed to put staged files in place", s.client.cause(begun, err))
	}
	s.finish()
	return nil
}

func (s *staged) commit(ctx context.Context) error {
	server, release, err := s.client.sftp(ctx)
	if err != nil {
		return err
	}
	defer release()
	if err := s.settleDirs(server); err != nil {
		return err
	}
	for _, together := range s.pairs() {
		if err := rename(server, together); err != nil {
			return err
		}
	}
	if err := ForEach(ctx, s.touched(), stagers, func(_ context.Context, dir string) error { return server.syncDir(dir) }); err != nil {
		return err
	}
	return ForEach(ctx, s.targets(), stagers, func(_ context.Context, dir string) error {
		return server.RemoveDirectory(path.Join(dir, stageName))
	})
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

// pairs groups the files, which are in order: a key with its certificate, everything else alone.
func (s *staged) pairs() [][]artifact.File {
	var pairs [][]artifact.File
	for i, f := range s.files {
		if last := len(pairs) - 1; i > 0 && certifies(f, s.files[i-1]) {
			pairs[last] = append(pairs[last], f)
			continue
		}
		pairs = append(pairs, []artifact.File{f})
	}
	return pairs
}

// rename sends the renames of a pair in turn without waiting for an answer in between: the host does them microseconds
// apart.
func rename(server *files, together []artifact.File) error {
	return server.inTurn(together, func(f artifact.File) error {
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
