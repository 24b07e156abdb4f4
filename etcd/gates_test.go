package etcd

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"hardway/cluster"
)

func TestGates(t *testing.T) {
	t.Parallel()
	ms := formed(t)
	config, ctx := adminTLS(t, ms.store), context.Background()
	if err := healthy(ctx, ms.spec, config, directly); err != nil {
		t.Fatalf("the gate is shut on a healthy cluster: %v", err)
	}

	leader, err := leaderOf(ctx, ms.spec, config, directly)
	if err != nil || ms.of[leader] == nil {
		t.Fatalf("leader %q: %v", leader, err)
	}
	if err := MoveLeader(ctx, ms.spec, config, directly, leader, unheld); err != nil {
		t.Fatal(err)
	}
	next, err := leaderOf(ctx, ms.spec, config, directly)
	if err != nil || next == leader {
		t.Fatalf("the lead stayed with %s: %v", next, err)
	}
	if err := MoveLeader(ctx, ms.spec, config, directly, leader, unheld); err != nil {
		t.Errorf("moving the lead away from a follower: %v", err)
	}
	if now, err := leaderOf(ctx, ms.spec, config, directly); err != nil || now != next {
		t.Errorf("the lead moved from %s to %s, though %s did not hold it: %v", next, now, leader, err)
	}

	ms.of[leader].stop()
	short, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	err = awaitHealthy(short, ms.spec, config, directly)
	problems := cluster.ProblemsOf(err)
	if !slices.ContainsFunc(problems, func(p cluster.Problem) bool { return p.Host == leader && strings.Contains(p.Message, "is down") }) {
		t.Errorf("the gate with %s down says: %v", leader, err)
	}

	opened := make(chan error)
	go func() {
		long, cancel := context.WithTimeout(ctx, 20*time.Second)
		defer cancel()
		opened <- awaitHealthy(long, ms.spec, config, directly)
	}()
	ms.of[leader].start()
	ms.of[leader].awaitReady()
	if err := <-opened; err != nil {
		t.Errorf("the gate stays shut on a cluster that is whole again: %v", err)
	}
}

func TestWithoutAnyMemberThereIsNoLeader(t *testing.T) {
	spec := alone(t)
	config, ctx := adminTLS(t, issued(t, spec)), context.Background()
	if _, err := leaderOf(ctx, spec, config, directly); err == nil || !strings.Contains(err.Error(), "hardway etcd verify") {
		t.Errorf("got %v, want an error that says what to try", err)
	}
	if err := MoveLeader(ctx, spec, config, directly, "kmaster1", unheld); err != nil {
		t.Errorf("moving a lead that nobody holds: %v", err)
	}
	if err := healthy(ctx, spec, config, directly); len(cluster.ProblemsOf(err)) != 3 {
		t.Errorf("three members are down, and the gate says: %v", err)
	}
}

// Collect ends with its context, and leaves nothing running that waits for members that do not answer.
func TestCollectEndsWithItsContext(t *testing.T) {
	spec := alone(t)
	config := adminTLS(t, issued(t, spec))
	hanging := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	begin := time.Now()
	for _, m := range Collect(ctx, spec, config, hanging, nil).Members {
		if m.Error == "" {
			t.Errorf("%s answered after the end", m.Host)
		}
	}
	if took := time.Since(begin); took > askTimeout {
		t.Errorf("collecting took %s after its context had ended", took)
	}
}

// gatePause is how long apart a gate looks again.
const gatePause = 500 * time.Millisecond

// healthy looks once: nil when every member of the spec is a healthy, voting member of one cluster with one leader. The
// error is cluster.Problems.
func healthy(ctx context.Context, spec *cluster.Spec, config *tls.Config, dial DialFunc) error {
	_, problems := Judge(spec, Collect(ctx, spec, config, dial, nil))
	return cluster.Problems(problems).OrNil()
}

// awaitHealthy looks until the cluster is healthy, or the context ends: then the error is what was wrong last.
func awaitHealthy(ctx context.Context, spec *cluster.Spec, config *tls.Config, dial DialFunc) error {
	for {
		err := healthy(ctx, spec, config, dial)
		if err == nil || !wait(ctx, gatePause) {
			return err
		}
	}
}

// leaderOf is the host whose member leads.
func leaderOf(ctx context.Context, spec *cluster.Spec, config *tls.Config, dial DialFunc) (string, error) {
	members, _ := Judge(spec, Collect(ctx, spec, config, dial, nil))
	for _, m := range members {
		if m.Leader {
			return m.Name, nil
		}
	}
	return "", fmt.Errorf("failed to find the leader of etcd: no member that answers leads; try: hardway etcd verify")
}

func unheld(ctx context.Context) (context.Context, func()) { return ctx, func() {} }
