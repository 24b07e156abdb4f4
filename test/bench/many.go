package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/lab"
	"hardway/remote"
)

// manyHosts is how many hosts the large lab has, and how many of them are dealt with at a time.
const (
	manyHosts    = 1000
	manyParallel = 100
	// manyRounds is enough: each contestant makes thousands of handshakes.
	manyRounds = 5
)

// large is a work directory for many hosts of a lab, and the lab.
type large struct {
	bench *bench
	work  string
	lab   *labProcess
	// most is the largest resident set that a run of hardway had, in MB.
	most float64
}

// many is the delivery to 1,000 hosts, compared with what it takes to reach them at all.
func many(ctx context.Context, b *bench) (_ []row, err error) {
	l, err := newLarge(ctx, b)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.lab.close()) }()
	short := *b
	short.rounds = min(b.rounds, manyRounds)
	rows, err := short.race(ctx,
		[]contestant{
			{name: "dialling alone", run: l.dialAlone},
			{name: "distribute", run: l.distribute},
			{name: "distribute again", run: l.distributeAgain},
		},
		[]matchup{
			{"1,000 hosts, full distribute : dialling alone", "distribute", "dialling alone", atMost(1.3)},
			{"1,000 hosts, nothing to do : dialling alone", "distribute again", "dialling alone", atMost(1.2)},
		})
	if err != nil {
		return nil, err
	}
	most := atMost(400)
	return append(rows, row{
		name: "1,000 hosts, full distribute : peak memory", ours: fmt.Sprintf("%.0f MB", l.most), other: "-", ratio: "-",
		target: most.String() + " MB", met: most.met(l.most),
	}), nil
}

// newLarge starts the lab and renders what its hosts should hold: three masters, and balancers.
func newLarge(ctx context.Context, b *bench) (*large, error) {
	l := &large{bench: b, work: filepath.Join(b.dir, "many")}
	if err := os.MkdirAll(l.work, 0o700); err != nil {
		return nil, err
	}
	addresses, err := lab.FreeAddresses(manyHosts+1, rand.Reader, labPort)
	if err != nil {
		return nil, err
	}
	hosts := labHosts(addresses[:manyHosts])
	if l.lab, err = startLab(ctx, hosts); err != nil {
		return nil, err
	}
	spec := labSpec(hosts, addresses[manyHosts], labPort, l.lab.clientKey())
	spec.SSH = []string{fmt.Sprintf("parallel: %d", manyParallel)}
	if err := l.prepare(ctx, spec); err != nil {
		return nil, errors.Join(err, l.lab.close())
	}
	return l, nil
}

func (l *large) prepare(ctx context.Context, spec lab.Spec) error {
	text, err := spec.YAML()
	if err != nil {
		return err
	}
	known, err := os.ReadFile(l.lab.knownHosts())
	if err != nil {
		return err
	}
	if err := errors.Join(
		os.WriteFile(filepath.Join(l.work, "cluster.yaml"), text, 0o600), os.WriteFile(filepath.Join(l.work, "known_hosts"), known, 0o600), //nolint:gosec // both are paths of the bench
	); err != nil {
		return err
	}
	for _, step := range [][]string{{"pki", "all"}, {"encryption-config"}, {"render", "all"}} {
		if _, _, err := measureIn(ctx, l.work, l.bench.hardway, step...); err != nil {
			return err
		}
	}
	return nil
}

// dialAlone connects to every host, as a process of its own, with what the product connects with.
func (l *large) dialAlone(ctx context.Context, _ string) (time.Duration, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	p, _, err := measureIn(ctx, l.work, self, dialWord)
	return p.wall, err
}

// dialWord makes this executable dial every host of the cluster.yaml in the working directory and close the connections.
const dialWord = "dial"

// dialAll holds all connections until the last stands, as a delivery does.
func dialAll(ctx context.Context) error {
	data, err := os.ReadFile("cluster.yaml")
	if err != nil {
		return err
	}
	spec, err := cluster.Parse(data, "cluster.yaml")
	if err != nil {
		return err
	}
	dialer := remote.NewDialer(remote.Options{SSH: spec.SSHFor, KnownHosts: artifact.OpenWorkDir(".").Path("known_hosts")})
	clients := make(chan *remote.Client, len(spec.Hosts))
	err = remote.ForEach(ctx, spec.Hosts, spec.SSH.Parallel, func(ctx context.Context, n cluster.Node) error {
		client, err := dialer.Dial(ctx, n)
		if err == nil {
			clients <- client
		}
		return err
	})
	close(clients)
	for client := range clients {
		err = errors.Join(err, client.Close())
	}
	return err
}

// distribute ships everything to hosts that hold nothing.
func (l *large) distribute(ctx context.Context, _ string) (time.Duration, error) {
	if err := l.lab.wipe(); err != nil {
		return 0, err
	}
	return l.run(ctx, manyHosts)
}

func (l *large) distributeAgain(ctx context.Context, _ string) (time.Duration, error) {
	return l.run(ctx, 0)
}

// run runs `distribute` and makes sure that it changed as many hosts as it should.
func (l *large) run(ctx context.Context, want int) (time.Duration, error) {
	p, said, err := measureIn(ctx, l.work, l.bench.hardway, "distribute", "--log-level", "error", "-o", "json")
	if err != nil {
		return 0, err
	}
	changed, err := changedHosts(said)
	if err == nil && changed != want {
		err = fmt.Errorf("distribute changed %d hosts, not %d", changed, want)
	}
	l.most = max(l.most, p.megabytes)
	return p.wall, err
}
