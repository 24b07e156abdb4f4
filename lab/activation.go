package lab

import (
	"context"
	"sync"
)

// activation is a unit from its start to its stop, with all the restarts in between. Both channels are closed by whoever
// wants it to end: stop asks, crash is a power cut.
type activation struct {
	stop, crash chan struct{}
	done        chan struct{}
	// wake cuts the pause before a restart short.
	wake chan struct{}

	mu      sync.Mutex
	current *attempt
}

// attempt is one try to bring the unit up. settled is closed when that succeeded or failed, and err may be read.
type attempt struct {
	settled chan struct{}
	once    sync.Once
	err     error
}

func newActivation() *activation {
	a := &activation{
		stop: make(chan struct{}), crash: make(chan struct{}), done: make(chan struct{}), wake: make(chan struct{}, 1),
	}
	a.next()
	return a
}

// next begins another attempt.
func (a *activation) next() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.current = &attempt{settled: make(chan struct{})}
}

func (a *activation) attempt() *attempt {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.current
}

// settle says how the current attempt went; only the first word counts.
func (a *activation) settle(err error) {
	t := a.attempt()
	t.once.Do(func() {
		t.err = err
		close(t.settled)
	})
}

// wait is until the attempt is settled.
func (t *attempt) wait(ctx context.Context) error {
	select {
	case <-t.settled:
		return t.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ask closes a channel unless it is closed.
func (a *activation) ask(channel chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !closed(channel) {
		close(channel)
	}
}

func (a *activation) stopping() bool { return closed(a.stop) }
func (a *activation) crashed() bool  { return closed(a.crash) }

func closed(channel <-chan struct{}) bool {
	select {
	case <-channel:
		return true
	default:
		return false
	}
}
