package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"
)

// tenHosts is how many OpenSSH hosts B4 is about.
const tenHosts = 10

// crowd is the servers of B4 and what goes to each.
type crowd struct {
	*farm
	files []string
}

// ten is B4: twenty files to ten OpenSSH hosts at once.
func ten(ctx context.Context, b *bench) (_ []row, err error) {
	dir := filepath.Join(b.dir, "ten")
	c := &crowd{}
	if c.files, err = makeFiles(filepath.Join(dir, "files"), copiedFiles, copiedSize); err != nil {
		return nil, err
	}
	if c.farm, err = newFarm(dir, tenHosts); err != nil {
		return nil, err
	}
	defer c.close()
	return b.race(ctx,
		[]contestant{
			{name: "ten at once", run: c.atOnce},
			{name: "slowest of ten alone", run: c.slowestAlone},
			{name: "dialling ten", run: c.dialTen},
			{name: "dialling the slowest alone", run: c.dialAlone},
			{name: "ansible copy to ten", most: 1, run: c.ansible},
		},
		[]matchup{
			{"B4 20 files to 10 hosts, durable : the slowest host alone", "ten at once", "slowest of ten alone", atMost(1.5)},
			{"B4 dialling 10 hosts : dialling the slowest alone", "dialling ten", "dialling the slowest alone", floor()},
			{"B4 20 files to 10 hosts, durable : dialling them", "ten at once", "dialling ten", floor()},
			{"B4 20 files to 10 hosts, durable : ansible copy", "ten at once", "ansible copy to ten", atLeast(100)},
		})
}

func everyone() []int {
	all := make([]int, tenHosts)
	for i := range all {
		all[i] = i
	}
	return all
}

func (c *crowd) atOnce(ctx context.Context, dir string) (time.Duration, error) {
	return c.deliver(ctx, dir, everyone()...)
}

// deliver ships to servers and makes sure that everything arrived.
func (c *crowd) deliver(ctx context.Context, dir string, numbers ...int) (time.Duration, error) {
	s, err := c.shipment(dir, c.files, numbers...)
	if err != nil {
		return 0, err
	}
	took, err := timedOnce(func() error { return s.ship(ctx) })
	return took, errors.Join(err, c.arrived(dir, numbers...))
}

func (c *crowd) arrived(dir string, numbers ...int) error {
	var errs []error
	for _, i := range numbers {
		for _, file := range c.files {
			errs = append(errs, sameContent(file, filepath.Join(landing(dir, i), filepath.Base(file))))
		}
	}
	return errors.Join(errs...)
}

// slowestAlone ships to one server after the other, and gives the longest time that one took.
func (c *crowd) slowestAlone(ctx context.Context, dir string) (time.Duration, error) {
	return slowest(func(i int) (time.Duration, error) { return c.deliver(ctx, dir, i) })
}

func slowest(run func(i int) (time.Duration, error)) (longest time.Duration, err error) {
	for i := range tenHosts {
		took, err := run(i)
		if err != nil {
			return 0, err
		}
		longest = max(longest, took)
	}
	return longest, nil
}

func (c *crowd) dialTen(ctx context.Context, dir string) (time.Duration, error) {
	return c.dialling(ctx, dir, everyone()...)
}

func (c *crowd) dialAlone(ctx context.Context, dir string) (time.Duration, error) {
	return slowest(func(i int) (time.Duration, error) { return c.dialling(ctx, dir, i) })
}

// dialling is how long it takes until all of them are logged in to.
func (c *crowd) dialling(ctx context.Context, dir string, numbers ...int) (time.Duration, error) {
	s, err := c.shipment(dir, nil, numbers...)
	if err != nil {
		return 0, err
	}
	return timedOnce(func() error { return s.ship(ctx) })
}

// ansible copies to all hosts at once: as many forks as hosts.
func (c *crowd) ansible(ctx context.Context, dir string) (time.Duration, error) {
	for _, i := range everyone() {
		if err := os.MkdirAll(landing(dir, i), 0o700); err != nil {
			return 0, err
		}
	}
	took, err := play{files: c.files, servers: c.servers, landing: func(i int) string { return landing(dir, i) }}.run(ctx)
	return took, errors.Join(err, c.arrived(dir, everyone()...))
}
