package remote

import (
	"context"
	"path"
)

// StagingDir is where files that will stand in a directory wait until they are committed. One that is there while nobody
// delivers was left by a run that was cut off.
func StagingDir(dir string) string { return path.Join(dir, stageName) }

// Sweep takes off staging directories that were left, with all that is in them.
func (c *Client) Sweep(ctx context.Context, stagingDirs []string) error {
	server, release, err := c.sftp(ctx)
	if err != nil {
		return err
	}
	defer release()
	err = ForEach(ctx, stagingDirs, stagers, func(_ context.Context, dir string) error { return clearStage(server, dir) })
	if err != nil {
		return c.cannotWrite("failed to clear away what was left staged", c.cause(ctx, err))
	}
	return nil
}
