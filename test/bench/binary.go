package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"hardway/artifact"
	"hardway/remote"
	"hardway/rollout"
	"hardway/test/sshd"
)

// What is copied here is as large as a binary of Kubernetes, and goes to as many hosts as there are masters.
const (
	binarySize  = 100 << 20
	binaryHosts = 3
	// binaryRounds is enough for something that writes gigabytes.
	binaryRounds = 7
)

// heavy is the servers that a large file goes to.
type heavy struct {
	*farm
	file string
	// most is the largest resident set that our process had, in MB.
	most float64
}

// binary is a large file to three OpenSSH hosts at once.
func binary(ctx context.Context, b *bench) (_ []row, err error) {
	dir := filepath.Join(b.dir, "binary")
	files, err := makeFiles(filepath.Join(dir, "files"), 1, binarySize)
	if err != nil {
		return nil, err
	}
	h := &heavy{file: files[0]}
	if h.farm, err = newFarm(dir, binaryHosts); err != nil {
		return nil, err
	}
	defer h.close()
	short := *b
	short.rounds = min(b.rounds, binaryRounds)
	rows, err := short.race(ctx,
		[]contestant{
			{name: "100 MB to three", run: h.landed(h.deliver)},
			{name: "three scp one by one", run: h.landed(h.scpInTurn)},
			{name: "three scp at once", run: h.landed(h.scpAtOnce)},
		},
		[]matchup{
			{"100 MB to 3 hosts at once, durable : throughput of one scp", "100 MB to three", "three scp one by one", atLeast(0.9)},
			{"100 MB to 3 hosts at once, durable : 3 scp at once", "100 MB to three", "three scp at once", atLeast(0.9)},
		})
	if err != nil {
		return nil, err
	}
	memory, sent := atMost(100), atMost(1)
	unchanged, err := h.bytesOfUnchanged(ctx, filepath.Join(dir, "unchanged"))
	return append(rows, row{
		name: "100 MB to 3 hosts at once : peak memory", ours: fmt.Sprintf("%.0f MB", h.most), other: "-", ratio: "-",
		target: memory.String() + " MB", met: memory.met(h.most),
	}, row{
		name: "100 MB that stand on 3 hosts already : sent", ours: fmt.Sprintf("%.3f MB", unchanged), other: "-", ratio: "-",
		target: sent.String() + " MB", met: sent.met(unchanged),
	}), err
}

// landed makes the directories, and afterwards makes sure that the file is in each of them.
func (h *heavy) landed(run func(context.Context, string) (time.Duration, error)) func(context.Context, string) (time.Duration, error) {
	return func(ctx context.Context, dir string) (time.Duration, error) {
		for i := range h.servers {
			if err := os.MkdirAll(landing(dir, i), 0o700); err != nil {
				return 0, err
			}
		}
		took, err := run(ctx, dir)
		for i := range h.servers {
			if err == nil {
				err = sameContent(h.file, h.copyOf(dir, i))
			}
		}
		// A round writes gigabytes, and what is gone has not to be written out.
		return took, errors.Join(err, os.RemoveAll(dir))
	}
}

func (h *heavy) copyOf(dir string, i int) string {
	return filepath.Join(landing(dir, i), filepath.Base(h.file))
}

func (h *heavy) deliver(ctx context.Context, dir string) (time.Duration, error) {
	s, err := h.shipment(dir, []string{h.file}, 0, 1, 2)
	if err != nil {
		return 0, err
	}
	p, err := s.asProcess(ctx)
	h.most = max(h.most, p.megabytes)
	return p.wall, err
}

func (h *heavy) scpInTurn(ctx context.Context, dir string) (total time.Duration, err error) {
	for i, s := range h.servers {
		took, err := scpTo(ctx, s, landing(dir, i), h.file)
		if err != nil {
			return 0, err
		}
		total += took
	}
	return total, nil
}

func (h *heavy) scpAtOnce(ctx context.Context, dir string) (time.Duration, error) {
	return timedOnce(func() error {
		return h.each(func(i int, s *sshd.Server) error {
			_, err := scpTo(ctx, s, landing(dir, i), h.file)
			return err
		})
	})
}

// bytesOfUnchanged is how many megabytes are sent to find out that the file stands on all hosts already.
func (h *heavy) bytesOfUnchanged(ctx context.Context, dir string) (float64, error) {
	s, err := h.shipment(dir, []string{h.file}, 0, 1, 2)
	if err != nil {
		return 0, err
	}
	if err := s.ship(ctx); err != nil {
		return 0, err
	}
	var sent atomic.Int64
	err = s.each(ctx, func(ctx context.Context, i int) error {
		client, err := s.Hosts[i].dial(ctx, counted(&sent))
		if err != nil {
			return err
		}
		defer client.Close()
		return h.unchanged(ctx, client, s.Hosts[i], s.Owner)
	})
	return float64(sent.Load()) / 1e6, err
}

// unchanged makes sure that the difference leaves the file out.
func (h *heavy) unchanged(ctx context.Context, client remote.Looker, to receiver, owner string) error {
	path := filepath.Join(to.Dir, filepath.Base(h.file))
	change, err := rollout.Compare(ctx, client, rollout.Want{Node: to.node(), Files: []artifact.File{
		{Path: path, Mode: 0o600, Owner: owner, Component: "binary", Content: artifact.FromFile(h.file)},
	}})
	if err == nil && len(change.Of("binary").Files) > 0 {
		err = fmt.Errorf("would be sent again: %+v", change.Of("binary").Files)
	}
	return err
}

// counted connects by TCP and adds up what is sent.
func counted(sent *atomic.Int64) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		return countedConn{conn, sent}, err
	}
}

type countedConn struct {
	net.Conn
	sent *atomic.Int64
}

// Write counts.
func (c countedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.sent.Add(int64(n))
	return n, err
}
