package etcd

import (
	"context"
	"crypto/tls"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"hardway/cluster"
)

// gatePause is how long apart a gate looks again.
const gatePause = 500 * time.Millisecond

// Healthy looks once: nil when every member of the spec is a healthy, voting member of one cluster with one leader. The
// error is cluster.Problems.
func Healthy(ctx context.Context, spec *cluster.Spec, config *tls.Config, dial DialFunc) error {
	_, problems := Judge(spec, Collect(ctx, spec, config, dial, nil))
	return cluster.Problems(problems).OrNil()
}

// AwaitHealthy looks until the cluster is healthy, or the context ends: then the error is what was wrong last.
func AwaitHealthy(ctx context.Context, spec *cluster.Spec, config *tls.Config, dial DialFunc) error {
	for {
		err := Healthy(ctx, spec, config, dial)
		if err == nil || !wait(ctx, gatePause) {
			return err
		}
	}
}

// Leader is the host whose member leads.
func Leader(ctx context.Context, spec *cluster.Spec, config *tls.Config, dial DialFunc) (string, error) {
	members, _ := Judge(spec, Collect(ctx, spec, config, dial, nil))
	for _, m := range members {
		if m.Leader {
			return m.Name, nil
		}
	}
	return "", fmt.Errorf("failed to find the leader of etcd: no member that answers leads; try: hardway etcd verify")
}

// MoveLeader hands the lead from one host to another healthy one, so that stopping the first costs no election.
func MoveLeader(ctx context.Context, spec *cluster.Spec, config *tls.Config, dial DialFunc, from, to string) error {
	node, ok := spec.Node(from)
	if !ok {
		return fmt.Errorf("failed to move etcd's lead from %s: it is not in the spec", from)
	}
	target := uint64(0)
	for _, m := range Collect(ctx, spec, config, dial, nil).Members {
		if m.Host == to && m.Error == "" {
			target = m.ID
		}
	}
	if target == 0 {
		return fmt.Errorf("failed to move etcd's lead to %s: it does not answer", to)
	}
	c, err := connect(ctx, node, config, dial)
	if err != nil {
		return err
	}
	defer c.Close()
	_, err = asking(ctx, func(ctx context.Context) (*clientv3.MoveLeaderResponse, error) { return c.MoveLeader(ctx, target) })
	if err != nil {
		return fmt.Errorf("failed to move etcd's lead from %s to %s: %w", from, to, err)
	}
	return nil
}
