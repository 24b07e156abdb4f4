package remote

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"sync"
	"syscall"
	"time"
)

// sshd drops, at random, connections that come while ten have not logged in yet (MaxStartups 10:30:100). Many hosts behind
// one jump host meet that at once.

// startups is how many connections to one server log in at the same time: below OpenSSH's default, with room for others.
const startups = 8

// admission bounds how many handshakes with one server are under way.
type admission struct {
	mu      sync.Mutex
	servers map[string]chan struct{}
}

// enter waits for a place at a server; leave gives it back.
func (a *admission) enter(ctx context.Context, server string) (leave func(), err error) {
	a.mu.Lock()
	if a.servers == nil {
		a.servers = map[string]chan struct{}{}
	}
	places, ok := a.servers[server]
	if !ok {
		places = make(chan struct{}, startups)
		a.servers[server] = places
	}
	a.mu.Unlock()
	select {
	case places <- struct{}{}:
		return func() { <-places }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// droppedTries is how often a server that drops connections is tried, with waits that double from droppedWait up to a
// second: five seconds in all.
const (
	droppedTries = 9
	droppedWait  = 100 * time.Millisecond
)

// errDropped: the server ended the connection before it said who it is.
var errDropped = errors.New("the server drops connections before it says who it is")

// persistently tries again while the server drops the connection.
func persistently(ctx context.Context, try func() error) error {
	wait := droppedWait
	for n := 1; ; n++ {
		err := try()
		if !errors.Is(err, errDropped) || n == droppedTries {
			return err
		}
		// What was dropped together must not come back together.
		select {
		case <-time.After(wait/2 + rand.N(wait)): //nolint:gosec // nobody gains by guessing it
		case <-ctx.Done():
			return err
		}
		wait = min(2*wait, time.Second)
	}
}

// isDrop reports whether the other side ended a connection.
func isDrop(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
