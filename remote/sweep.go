package remote

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
)

// StagingDir is where files that will stand in a directory wait until they are committed. One that is there while nobody
// delivers was left by a run that was cut off.
func StagingDir(dir string) string { return path.Join(dir, stageName) }

// Sweep takes off directories with the files in them, such as staging directories that were left. One in which files wait
// to be committed was not left: what was in it before is gone already.
func (c *Client) Sweep(ctx context.Context, dirs []string) error {
	dirs = slices.DeleteFunc(slices.Clone(dirs), c.hasStaged)
	server, release, err := c.sftp(ctx)
	if err != nil {
		return err
	}
	defer release()
	err = ForEach(ctx, dirs, stagers, func(_ context.Context, dir string) error { return clearStage(server, dir) })
	if err != nil {
		return c.cannotWrite("failed to clear directories away", c.cause(ctx, err))
	}
	return nil
}

// clearStage takes a staging directory off with all that is in it; one that is not there is fine. A link in its place is
// not followed: whoever may write in the target could have files taken off elsewhere.
func clearStage(server *files, stage string) error {
	info, err := server.Lstat(stage)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("failed to look at staging directory %s: %w", stage, err)
	case info.IsDir():
		if err = emptyStage(server, stage); err == nil {
			err = server.RemoveDirectory(stage)
		}
	default:
		err = server.Remove(stage)
	}
	if err != nil {
		return fmt.Errorf("failed to take %s off: %w", stage, err)
	}
	return nil
}

func emptyStage(server *files, stage string) error {
	entries, err := server.ReadDir(stage)
	if err != nil {
		return err
	}
	return server.inTurn(len(entries), func(i int) error {
		if err := server.Remove(path.Join(stage, entries[i].Name())); err != nil {
			return fmt.Errorf("%s: %w", entries[i].Name(), err)
		}
		return nil
	})
}
