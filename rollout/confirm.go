package rollout

import (
	"context"
	"errors"

	"hardway/cluster"
	"hardway/remote"
)

// Further is a lock that a run holds besides those on hosts.
type Further interface {
	// Lost is closed when the lock is known to be gone or another's.
	Lost() <-chan struct{}
	// Confirm asks whether it is held still.
	Confirm(context.Context) error
}

// Besides has the run stop where a further lock is lost, too. It needs locks that are taken.
func (l *Locks) Besides(further Further) {
	l.mu.Lock()
	l.also = further
	l.mu.Unlock()
	go func() {
		select {
		case <-l.lost.Done():
		case <-further.Lost():
			l.lose(further.Confirm(l.lost))
		}
	}()
}

// Confirm is asked before a change on a host, whether the run may still make it. The host itself is asked, each time: the lock
// may have been broken a moment ago, or while this machine slept. A lock that was lost anywhere ends the whole run.
func (l *Locks) Confirm(ctx context.Context, host remote.Changer) error {
	if l == nil || !l.Holds([]remote.Changer{host}) {
		return nil
	}
	if l.lost.Err() != nil {
		return context.Cause(l.lost)
	}
	err := l.renewOne(ctx, host)
	l.mu.Lock()
	also := l.also
	l.mu.Unlock()
	if err == nil && also != nil {
		err = also.Confirm(ctx)
	}
	if _, lost := errors.AsType[cluster.Problems](err); lost {
		l.lose(err)
	}
	return err
}

// ConfirmHost is asked before a host is put back: that may be done under its own lock alone.
func (l *Locks) ConfirmHost(ctx context.Context, host remote.Changer) error {
	if l == nil || !l.Holds([]remote.Changer{host}) {
		return nil
	}
	return l.renewOne(ctx, host)
}

// Guard is a context that ends when a lock is lost; its cause says which.
func (l *Locks) Guard(ctx context.Context) (context.Context, context.CancelFunc) {
	guarded, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(l.lost, func() { cancel(context.Cause(l.lost)) })
	return guarded, func() { stop(); cancel(context.Canceled) }
}
