package remote

import (
	"context"
	"path"
	"slices"
	"time"
)

// farewell is how long a connection outlives its context, so that what was begun can be finished and what was staged can
// be taken off again. Whatever was waiting has its own context to end it at once.
const farewell = 5 * time.Second

// Discard takes the staged files off again, and the directories that were made for them. After a commit, or a second
// time, there is nothing to do.
func (s *staged) Discard(ctx context.Context) error {
	if s.done {
		return nil
	}
	s.client.unclaim(s.targets())
	if err := s.discard(ctx); err != nil {
		return s.client.cannotWrite("failed to take staged files off", s.client.cause(ctx, err))
	}
	s.done = true
	return nil
}

func (s *staged) discard(ctx context.Context) error {
	server, release, err := s.client.sftp(ctx)
	if err != nil {
		return err
	}
	defer release()
	err = ForEach(ctx, s.targets(), stagers, func(_ context.Context, target string) error {
		return clearStage(server, path.Join(target, stageName))
	})
	for _, dir := range slices.Backward(s.made) {
		// One that is not empty is somebody else's by now.
		_ = server.RemoveDirectory(dir)
	}
	return err
}

// abandon takes off what can be after a failure, also when the context has ended. Where the host does not answer, the
// next Stage clears it away.
func (s *staged) abandon(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	_ = s.Discard(ctx)
}

func (s *staged) finish() {
	s.done = true
	s.client.unclaim(s.targets())
}

// lingering is a context that outlives another by the farewell.
func lingering(ctx context.Context) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(farewell, func() { cancel(ctx.Err()) }) })
	return longer, func() { stop(); cancel(context.Canceled) }
}
