package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/crypto/ssh/knownhosts"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/lab"
	"hardway/plan"
	"hardway/remote"
)

// Where hosts of the rehearsal listen, and where the proxies before them do.
const (
	labPort   = 2222
	proxyPort = 2223
)

// rehearsal is three masters of a lab, reached through proxies.
type rehearsal struct {
	*lab.Lab
	hosts   []lab.Host
	proxies []*proxy
	work    string
	spec    *cluster.Spec
}

// rehearse brings three masters up and runs again what then has nothing to do.
func (b *bench) rehearse(ctx context.Context) (_ []row, err error) {
	r := &rehearsal{work: filepath.Join(b.dir, "rehearsal")}
	defer func() { err = errors.Join(err, r.close()) }()
	if err := r.start(ctx); err != nil {
		return nil, err
	}
	if _, _, err := r.run(ctx, "up"); err != nil {
		return nil, err
	}
	var rows []row
	for _, step := range []string{"distribute", "up"} {
		measured, err := b.countTrips(ctx, "`"+step+"`, lab", r.proxies, func(ctx context.Context) (time.Duration, error) { return r.again(ctx, step) })
		if err != nil {
			return nil, err
		}
		rows = append(rows, measured)
	}
	return rows, nil
}

func (r *rehearsal) start(ctx context.Context) error {
	addresses, err := lab.FreeAddresses(4, rand.Reader, labPort, proxyPort, 2379, 2380)
	if err != nil {
		return err
	}
	r.hosts = labHosts(addresses[:3])
	if r.Lab, err = lab.Start(ctx, lab.Options{Dir: filepath.Join(r.work, "lab"), Hosts: r.hosts, Port: labPort}); err != nil {
		return err
	}
	for _, h := range r.hosts {
		between, err := newProxy(ctx, fmt.Sprintf("%s:%d", h.Address, proxyPort), fmt.Sprintf("%s:%d", h.Address, labPort))
		if err != nil {
			return err
		}
		r.proxies = append(r.proxies, between)
	}
	return r.writeSpec(addresses[3])
}

func (r *rehearsal) writeSpec(endpoint string) error {
	text, err := labSpec(r.hosts, endpoint, proxyPort, r.ClientKey()).YAML()
	if err != nil {
		return err
	}
	var known bytes.Buffer
	for _, h := range r.hosts {
		fmt.Fprintln(&known, knownhosts.Line([]string{fmt.Sprintf("[%s]:%d", h.Address, proxyPort)}, r.HostKey(h.Name)))
	}
	file := filepath.Join(r.work, "cluster.yaml")
	if err := errors.Join(os.WriteFile(file, text, 0o600), os.WriteFile(filepath.Join(r.work, "known_hosts"), known.Bytes(), 0o600)); err != nil {
		return err
	}
	r.spec, err = cluster.Parse(text, file)
	return err
}

// again runs a step that must have nothing left to do.
func (r *rehearsal) again(ctx context.Context, name string) (time.Duration, error) {
	report, took, err := r.run(ctx, name)
	if err == nil && len(report.Changes) > 0 {
		err = fmt.Errorf("%s had something to do: %v", name, report.Changes)
	}
	return took, err
}

// run executes a step as the command of that name does, on connections of its own, and says how long it took after the
// last of them was authenticated.
func (r *rehearsal) run(ctx context.Context, name string) (plan.Report, time.Duration, error) {
	dialer := remote.NewDialer(remote.Options{SSH: r.spec.SSHFor, KnownHosts: filepath.Join(r.work, "known_hosts")})
	env := &plan.Env{Work: artifact.OpenWorkDir(r.work), Spec: r.spec, Now: time.Now, Rand: rand.Reader}
	var mu sync.Mutex
	var connected time.Time
	env.Dial = func(ctx context.Context, n cluster.Node) (plan.Conn, error) {
		client, err := dialer.Dial(ctx, n)
		if err != nil {
			return nil, err
		}
		mu.Lock()
		defer mu.Unlock()
		connected = time.Now()
		return client, nil
	}
	defer env.Close()
	report, err := env.Execute(ctx, stepOf(env, name), false)
	if err != nil {
		return report, 0, fmt.Errorf("%s: %w", name, err)
	}
	return report, time.Since(connected), nil
}

func stepOf(env *plan.Env, name string) plan.Step {
	for _, s := range plan.Steps(env) {
		if s.Name() == name {
			return s
		}
	}
	return plan.UpStep(env, false, "apply controlplane")
}

func (r *rehearsal) close() error {
	var errs []error
	for _, between := range r.proxies {
		errs = append(errs, between.close())
	}
	if r.Lab != nil {
		errs = append(errs, r.Close())
	}
	return errors.Join(errs...)
}
