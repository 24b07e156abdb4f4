package remote

import (
	"context"
	"errors"
	"fmt"
	"path"
)

// Commit puts what is staged in place. Each rename is atomic; a key and its certificate follow each other at once,
// because some servers read both at every handshake.
func (s *staged) Commit(ctx context.Context) error {
	for _, d := range s.dirs {
		owner := s.owners[d.OwnerOrRoot()]
		if err := errors.Join(s.server.Chmod(d.Path, d.Mode.Perm()), s.server.Chown(d.Path, owner.UID, owner.GID)); err != nil {
			return fmt.Errorf("%s: failed to set mode and owner of %s: %w", s.client.node, d.Path, err)
		}
	}
	for _, f := range s.files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.server.PosixRename(stagedPath(f), f.Path); err != nil {
			return fmt.Errorf("%s: failed to put %s in place: %w", s.client.node, f.Path, err)
		}
	}
	return ForEach(ctx, s.targets(), stagers, s.settle)
}

// settle makes the renames of a directory durable and takes its staging directory off.
func (s *staged) settle(_ context.Context, target string) error {
	err := s.sync(func() error {
		dir, err := s.server.Open(target)
		if err != nil {
			return err
		}
		return errors.Join(dir.Sync(), dir.Close())
	})
	if err != nil {
		return fmt.Errorf("%s: failed to sync directory %s: %w", s.client.node, target, err)
	}
	return s.server.RemoveDirectory(path.Join(target, stageName))
}

// Discard takes the staged files off again.
func (s *staged) Discard(ctx context.Context) error {
	return ForEach(ctx, s.targets(), stagers, func(_ context.Context, target string) error {
		return s.removeStage(path.Join(target, stageName))
	})
}
