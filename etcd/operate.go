package etcd

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"hardway/cluster"
)

// QuotaBytes is how large a member's database may get until it takes no more writes and raises NOSPACE: 8 GiB, the most
// that etcd suggests (https://etcd.io/docs/v3.6/dev-guide/limit/). The default is 2.
const QuotaBytes = 8 << 30

// The kinds of alarms.
const (
	NoSpace = "NOSPACE"
	Corrupt = "CORRUPT"
)

// Access is how members are spoken to: with an operator's certificate, over connections from the members' own hosts.
type Access struct {
	Config *tls.Config
	Dial   DialFunc
}

func (a Access) connect(ctx context.Context, node cluster.Node) (*client, error) {
	return connect(ctx, node, a.Config, a.Dial)
}

// with speaks to one member and hangs up.
func (a Access) with(ctx context.Context, node cluster.Node, doing string, do func(*client) error) error {
	c, err := a.connect(ctx, node)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	if err := do(c); err != nil {
		return fmt.Errorf("%s: failed to %s: %w", node.Name, doing, err)
	}
	return nil
}

// CompactNow forgets, through one member and on all, every revision before the newest. It returns when the data is gone, not
// only when that is decided.
func (a Access) CompactNow(ctx context.Context, node cluster.Node) error {
	return a.with(ctx, node, "compact etcd", func(c *client) error {
		status, err := asking(ctx, func(ctx context.Context) (*clientv3.StatusResponse, error) { return c.maintenance.Status(ctx, "") })
		if err != nil {
			return err
		}
		_, err = c.Compact(ctx, status.Header.Revision, clientv3.WithCompactPhysical())
		if errors.Is(err, rpctypes.ErrCompacted) {
			return nil
		}
		return err
	})
}

// Defragment has one member write its database anew, without the holes in it. It serves nobody meanwhile.
func (a Access) Defragment(ctx context.Context, node cluster.Node) error {
	return a.with(ctx, node, "defragment etcd's database", func(c *client) error {
		_, err := c.maintenance.Defragment(ctx, "")
		return err
	})
}

// Disarm takes one alarm off.
func (a Access) Disarm(ctx context.Context, node cluster.Node, alarm Alarm) error {
	return a.with(ctx, node, "disarm alarm "+alarm.Kind, func(c *client) error {
		_, err := asking(ctx, func(ctx context.Context) (*clientv3.AlarmResponse, error) {
			kind := pb.AlarmType(pb.AlarmType_value[alarm.Kind])
			return c.maintenance.AlarmDisarm(ctx, &clientv3.AlarmMember{MemberID: alarm.MemberID, Alarm: kind})
		})
		return err
	})
}

// ButSpace is the evidence without alarms for space: what is done against them cannot wait for them to go.
func (e Evidence) ButSpace() Evidence {
	members := make([]MemberEvidence, len(e.Members))
	for i, m := range e.Members {
		var rest []Alarm
		for _, a := range m.Alarms {
			if a.Kind != NoSpace {
				rest = append(rest, a)
			}
		}
		m.Alarms = rest
		members[i] = m
	}
	return Evidence{Members: members, Units: e.Units}
}
