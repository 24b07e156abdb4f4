package etcd

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"hardway/artifact"
	"hardway/cluster"
)

// JoinEnv is the file at BootstrapPath that lets a member without data join the cluster that it was added to.
func JoinEnv() artifact.File {
	f := BootstrapEnv()
	f.Content = artifact.Bytes([]byte(stateVariable + "=existing\n"))
	return f
}

// RemoveMember takes a member out of the cluster, asked through another one. One that is out already is fine. etcd refuses
// while it has not known the others for some seconds, as after a start: it is asked again for a while.
func (a Access) RemoveMember(ctx context.Context, through cluster.Node, id uint64) error {
	return a.with(ctx, through, "remove member "+hex(id), func(c *client) error {
		err := insist(ctx, rpctypes.ErrUnhealthy, func() error {
			_, err := asking(ctx, func(ctx context.Context) (*clientv3.MemberRemoveResponse, error) { return c.MemberRemove(ctx, id) })
			return err
		})
		if errors.Is(err, rpctypes.ErrMemberNotFound) {
			return nil
		}
		return err
	})
}

// AddLearner adds a member that does not vote yet. etcd refuses for a moment after another change of members: it is asked
// again for a while.
func (a Access) AddLearner(ctx context.Context, through, node cluster.Node) error {
	return a.with(ctx, through, "add "+node.Name+" as learner", func(c *client) error {
		return insist(ctx, rpctypes.ErrUnhealthy, func() error {
			_, err := asking(ctx, func(ctx context.Context) (*clientv3.MemberAddResponse, error) {
				return c.MemberAddAsLearner(ctx, []string{node.PeerURL()})
			})
			return err
		})
	})
}

// learnerPause is how long apart is asked whether a learner has caught up.
const learnerPause = 250 * time.Millisecond

// ErrLagging says that a learner has not caught up in time.
var ErrLagging = errors.New("the learner has not caught up")

// Promote gives a learner its vote as soon as it has caught up, which etcd itself judges: it refuses before. ErrLagging where
// it does not in time.
func (a Access) Promote(ctx context.Context, through, node cluster.Node, within time.Duration) error {
	return a.with(ctx, through, "promote "+node.Name, func(c *client) error {
		late, cancel := context.WithTimeout(ctx, within)
		defer cancel()
		var last error
		for {
			voted, err := promote(late, c, node)
			if voted {
				return nil
			}
			if err != nil && late.Err() == nil {
				last = err
			}
			if !wait(late, learnerPause) {
				break
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("%w within %s: %w", ErrLagging, within, errors.Join(last))
	})
}

// promote tries once, and reports whether the node has a vote.
func promote(ctx context.Context, c *client, node cluster.Node) (voted bool, err error) {
	list, err := asking(ctx, func(ctx context.Context) (*clientv3.MemberListResponse, error) { return c.MemberList(ctx) })
	if err != nil {
		return false, err
	}
	for _, m := range list.Members {
		if len(m.PeerURLs) != 1 || m.PeerURLs[0] != node.PeerURL() {
			continue
		}
		if !m.IsLearner {
			return true, nil
		}
		_, err = asking(ctx, func(ctx context.Context) (*clientv3.MemberPromoteResponse, error) { return c.MemberPromote(ctx, m.ID) })
		return err == nil, err
	}
	return false, fmt.Errorf("%s is no member", node.PeerURL())
}

// LearnerOf is the ID of a node's learner; zero where it has none.
func (a Access) LearnerOf(ctx context.Context, through, node cluster.Node) (id uint64, err error) {
	err = a.with(ctx, through, "list members", func(c *client) error {
		list, err := asking(ctx, func(ctx context.Context) (*clientv3.MemberListResponse, error) { return c.MemberList(ctx) })
		if err != nil {
			return err
		}
		for _, m := range list.Members {
			if m.IsLearner && len(m.PeerURLs) == 1 && m.PeerURLs[0] == node.PeerURL() {
				id = m.ID
			}
		}
		return nil
	})
	return id, err
}

// insistence is how long.
const insistence = 30 * time.Second

// insist tries again while the error is one that passes.
func insist(ctx context.Context, passing error, try func() error) error {
	ctx, cancel := context.WithTimeout(ctx, insistence)
	defer cancel()
	for {
		err := try()
		if err == nil || !errors.Is(err, passing) || !wait(ctx, learnerPause) {
			return err
		}
	}
}
