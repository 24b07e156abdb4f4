package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"hardway/cluster"
	"hardway/remote"
	"hardway/test/sshd"
)

// mostTrips is how many round trips a rerun may take; far is the latency they are counted by, which has to be longer
// than what noise adds, and tripsRounds how often.
const (
	mostTrips   = 2
	far         = 400 * time.Millisecond
	tripsRounds = 3
)

// trips is B5: a rerun that has nothing to do.
func trips(ctx context.Context, b *bench) ([]row, error) {
	look, err := b.lookTrips(ctx)
	if err != nil {
		return nil, fmt.Errorf("failed to look at an OpenSSH host: %w", err)
	}
	reruns, err := b.rehearse(ctx)
	if err != nil {
		return nil, fmt.Errorf("failed to rehearse: %w", err)
	}
	return append([]row{look}, reruns...), nil
}

// countTrips is how many round trips something waits for: what it takes longer for each unit of latency. What is sent
// without waiting for an answer costs nothing then, and what goes to several hosts at once counts once.
func (b *bench) countTrips(ctx context.Context, what string, proxies []*proxy, run func(context.Context) (time.Duration, error)) (row, error) {
	var counts []float64
	for round := range min(b.rounds, tripsRounds) {
		var took [2]time.Duration
		for i, latency := range []time.Duration{0, far} {
			for _, p := range proxies {
				p.setRoundTrip(latency)
			}
			var err error
			if took[i], err = run(ctx); err != nil {
				return row{}, err
			}
		}
		counts = append(counts, (took[1]-took[0]).Seconds()/far.Seconds())
		fmt.Fprintf(b.progress, "round %d of %d: %-28s near %s, %s away %s\n", round+1, min(b.rounds, tripsRounds), what, rounded(took[0]), far, rounded(took[1]))
	}
	slices.Sort(counts)
	most, count := atMost(mostTrips), math.Round(counts[len(counts)/2])
	return row{
		name: "B5 nothing to do, round trips per host : " + what, other: "-", ratio: "-", target: most.String(), met: most.met(count),
		ours: fmt.Sprintf("%.0f (%.2f–%.2f)", count, counts[0], counts[len(counts)-1]),
	}, nil
}

// lookedAt is how many paths are asked for at once: more than a master has.
const lookedAt = 100

// lookTrips counts what one look at an OpenSSH server takes.
func (b *bench) lookTrips(ctx context.Context) (_ row, err error) {
	dir := filepath.Join(b.dir, "look")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return row{}, err
	}
	var q remote.Query
	for i := range lookedAt {
		q.Paths = append(q.Paths, filepath.Join(dir, fmt.Sprintf("file%03d", i)))
		if err := os.WriteFile(q.Paths[i], []byte("content\n"), 0o600); err != nil {
			return row{}, err
		}
	}
	server, err := sshd.Open(dir, hostOptions())
	if err != nil {
		return row{}, err
	}
	defer server.Close()
	between, err := newProxy(ctx, server.Address+":0", server.Endpoint())
	if err != nil {
		return row{}, err
	}
	defer func() { err = errors.Join(err, between.close()) }()
	front, err := before(server, between)
	if err != nil {
		return row{}, err
	}
	return b.countTrips(ctx, "a look at 100 paths, OpenSSH", []*proxy{between}, func(ctx context.Context) (time.Duration, error) {
		return look(ctx, front, q)
	})
}

// before is the server as it is reached through the proxy.
func before(server *sshd.Server, between *proxy) (*sshd.Server, error) {
	front := *server
	_, port, _ := strings.Cut(between.listener.Addr().String(), ":")
	var err error
	if front.Port, err = strconv.Atoi(port); err != nil {
		return nil, err
	}
	front.KnownHosts += ".proxy"
	return &front, os.WriteFile(front.KnownHosts, []byte(front.KnownHostsLines(front.HostKeys...)), 0o600)
}

// look is how long a look takes once the connection stands.
func look(ctx context.Context, server *sshd.Server, q remote.Query) (time.Duration, error) {
	dialer := remote.NewDialer(remote.Options{SSH: func(cluster.Node) cluster.SSH { return server.SSH() }, KnownHosts: server.KnownHosts})
	client, err := dialer.Dial(ctx, server.Node("host"))
	if err != nil {
		return 0, err
	}
	defer client.Close()
	began := time.Now()
	state, err := client.Look(ctx, q)
	took := time.Since(began)
	for _, path := range q.Paths {
		if err == nil && state.Paths[path].SHA256 == "" {
			err = fmt.Errorf("the answer leaves out %s", path)
		}
	}
	return took, err
}
