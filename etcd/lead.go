package etcd

import (
	"context"
	"crypto/tls"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"

	"hardway/cluster"
)

// MoveLeader hands the lead away from a host to the healthy voting member that is furthest in the log, so that stopping
// the host costs no election. It does nothing where the host does not lead.
func MoveLeader(ctx context.Context, spec *cluster.Spec, config *tls.Config, dial DialFunc, away string) error {
	from, to := leaderAndNext(Collect(ctx, spec, config, dial, nil))
	if from.Host != away {
		return nil
	}
	if to.ID == 0 {
		return fmt.Errorf("failed to move etcd's lead away from %s: no other member is healthy; try: hardway etcd verify", away)
	}
	node, _ := spec.Node(away)
	c, err := connect(ctx, node, config, dial)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	_, err = asking(ctx, func(ctx context.Context) (*clientv3.MoveLeaderResponse, error) { return c.MoveLeader(ctx, to.ID) })
	if err != nil {
		return fmt.Errorf("failed to move etcd's lead from %s to %s: %w", away, to.Host, err)
	}
	return nil
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
