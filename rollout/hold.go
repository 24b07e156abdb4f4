package rollout

import (
	"context"
	"fmt"
	"slices"
	"time"

	"hardway/controlplane"
	"hardway/remote"
)

// settle is for the held servers to come to a stand, and for etcd to answer what they had asked it before.
const settle = 50 * time.Millisecond

// handOver moves etcd's lead away while API servers are held. To hold them is a courtesy to their clients: where it cannot
// be had, or not for long enough, the lead is moved all the same.
func handOver(r rolling, ctx context.Context, m Move, host string) error {
	return r.MoveLeader(ctx, host, func(ctx context.Context) (context.Context, func()) { return r.hold(ctx, m, host) })
}

// heldServer is one that can be held, or could not.
type heldServer struct {
	host string
	remote.Hold
}

// hold stops the API servers of the move's hosts all at once, each host having got ready for it before. held ends when they
// go on by themselves.
func (r rolling) hold(ctx context.Context, m Move, leader string) (held context.Context, release func()) {
	servers := r.readied(ctx, m)
	all := func(ctx context.Context, do func(*heldServer) error) {
		_ = remote.ForEach(ctx, servers, len(servers), func(_ context.Context, s *heldServer) error { return do(s) })
	}
	held, cancel := context.WithTimeout(ctx, remote.HoldLimit)
	all(ctx, func(s *heldServer) error { return r.unheld(s.host, s.Stop(held)) })
	if len(servers) > 0 {
		time.Sleep(settle)
	}
	return held, func() {
		if len(servers) > 0 && held.Err() != nil && ctx.Err() == nil {
			r.Tell(string(MoveLeader), leader, fmt.Sprintf("etcd's members took longer to agree on who leads than the %s for which API servers are held: a write may have failed", remote.HoldLimit))
		}
		cancel()
		all(context.WithoutCancel(ctx), (*heldServer).Close)
	}
}

// readied is the API servers that can be held.
func (r rolling) readied(ctx context.Context, m Move) []*heldServer {
	servers := make([]*heldServer, len(m.Holds))
	for i, host := range m.Holds {
		servers[i] = &heldServer{host: host}
	}
	_ = remote.ForEach(ctx, servers, len(servers), func(ctx context.Context, s *heldServer) error {
		if err := r.may(ctx, s.host); err != nil {
			return r.unheld(s.host, err)
		}
		h, err := r.Conns[s.host].Hold(ctx, controlplane.APIServerUnit)
		if err == nil {
			s.Hold = h
		}
		return r.unheld(s.host, err)
	})
	return slices.DeleteFunc(servers, func(s *heldServer) bool { return s.Hold == nil })
}

// unheld tells of a server that is not held.
func (r rolling) unheld(host string, err error) error {
	if err != nil {
		r.Tell(string(MoveLeader), host, fmt.Sprintf("going on without holding its API server, a write may fail: %v", err))
	}
	return err
}
