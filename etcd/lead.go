package etcd

import (
	"context"
	"crypto/tls"
	"fmt"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"hardway/cluster"
)

// Hold keeps those waiting who write to etcd, until they are released. held ends when they wait no longer in any case.
type Hold func(ctx context.Context) (held context.Context, release func())

// MoveLeader hands the lead away from a host to the healthy voting member that is furthest in the log, so that stopping
// the host costs no election. It does nothing where the host does not lead. Writers are held from just before until every
// member that answers follows the new leader: etcd drops what is proposed in between.
func MoveLeader(ctx context.Context, spec *cluster.Spec, config *tls.Config, dial DialFunc, away string, hold Hold) error {
	from, to := leaderAndNext(Collect(ctx, spec, config, dial, nil))
	if from.Host != away {
		return nil
	}
	if to.ID == 0 {
		return fmt.Errorf("failed to move etcd's lead away from %s: no other member is healthy; try: hardway etcd verify", away)
	}
	all, err := connectAll(ctx, spec, config, dial)
	if err != nil {
		return err
	}
	defer all.close()
	held, release := hold(ctx)
	defer release()
	_, err = asking(ctx, func(ctx context.Context) (*clientv3.MoveLeaderResponse, error) {
		return all[away].MoveLeader(ctx, to.ID)
	})
	if err != nil {
		return fmt.Errorf("failed to move etcd's lead from %s to %s: %w", away, to.Host, err)
	}
	all.follow(held, to.ID)
	return nil
}

// connections is one for each member, by host.
type connections map[string]*client

// connectAll gives connections that stand, as far as members answer: nobody is to wait for that later.
func connectAll(ctx context.Context, spec *cluster.Spec, config *tls.Config, dial DialFunc) (connections, error) {
	all := connections{}
	for _, node := range spec.With(cluster.RoleEtcd) {
		c, err := connect(ctx, node, config, dial)
		if err != nil {
			all.close()
			return nil, err
		}
		all[node.Name] = c
	}
	all.each(func(c *client) { _, _ = asking(ctx, c.status) })
	return all, nil
}

func (all connections) close() {
	for _, c := range all {
		_ = c.Close()
	}
}

// each does the same with all members at once.
func (all connections) each(do func(*client)) {
	var wg sync.WaitGroup
	for _, c := range all {
		wg.Go(func() { do(c) })
	}
	wg.Wait()
}

// followPoll is how often members are asked whom they follow: whoever is held waits for that.
const followPoll = 5 * time.Millisecond

// follow is until every member that answers says that this one leads, or the context ends.
func (all connections) follow(ctx context.Context, leader uint64) {
	all.each(func(c *client) {
		for {
			s, err := c.status(ctx)
			if err != nil || s.Leader == leader || !wait(ctx, followPoll) {
				return
			}
		}
	})
}

func (c *client) status(ctx context.Context) (*clientv3.StatusResponse, error) {
	return c.maintenance.Status(ctx, "")
}

// leaderAndNext is the member that leads, and the follower that should after it; zero without one.
func leaderAndNext(e Evidence) (leader, next MemberEvidence) {
	for _, m := range e.Members {
		switch {
		case m.Error != "" || m.ID == 0:
		case m.ID == m.Leader:
			leader = m
		case !m.Learner && m.ReadError == "" && m.Applied > next.Applied:
			next = m
		}
	}
	return leader, next
}
