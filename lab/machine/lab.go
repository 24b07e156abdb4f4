package machine

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// Host is what a machine is to be.
type Host struct {
	Name string
	// Address is its own in the lab's network.
	Address string
	// Names are further ones that the other machines resolve to it.
	Names []string
	// RunsPods: images are for it.
	RunsPods bool
}

// Lab is a set of machines, found by its name.
type Lab struct {
	// Name begins the names of all that Docker holds of the lab: letters, digits and dashes.
	Name string
	// Keys is a directory with a folder for each host, which holds its host key; made where it is missing.
	Keys string
}

// Options is what a lab is made of.
type Options struct {
	Hosts []Host
	// ClientKey is the file of the private key that machines let in, made where it is missing.
	ClientKey string
	// Images is a tar of container images for machines that run pods; empty for none.
	Images string
	// Cache is a directory that outlives labs: the machines' image is kept there where it was not pulled.
	Cache string
	// Progress is told of what takes its time, a line each.
	Progress io.Writer
}

// parallel is how many machines are made or stopped at once: more than that only wait for each other in the daemon.
const parallel = 4

// Up makes the machines that are missing, in the lab's Network, and boots those that are off; it returns when all of them greet as an SSH server
// does. Machines that are not among the options stay as they are.
func (l Lab) Up(ctx context.Context, o Options) error {
	if err := answers(ctx); err != nil {
		return err
	}
	image, err := (recipe{cache: o.Cache, progress: o.Progress}).ensure(ctx)
	if err != nil {
		return err
	}
	existing, err := l.machines(ctx)
	if err != nil {
		return err
	}
	// Made before machines are, side by side: there is one key for all.
	if _, err := key(o.ClientKey); err != nil {
		return err
	}
	err = forEach(ctx, o.Hosts, func(ctx context.Context, h Host) error { return l.ensure(ctx, h, existing[h.Name], image, o) })
	if err == nil && o.Images != "" {
		err = l.importImages(ctx, o)
	}
	if err == nil {
		sayWatches(o)
	}
	return err
}

// ensure makes a machine where there is none, and sees to it that it runs and answers.
func (l Lab) ensure(ctx context.Context, h Host, is Machine, image string, o Options) error {
	switch {
	case is.Name == "":
		if err := l.create(ctx, h, image, o); err != nil {
			return fmt.Errorf("failed to make machine %s: %w", h.Name, err)
		}
		is.State = stateCreated
	case is.Address != h.Address:
		return fmt.Errorf("machine %s has the address %s, and would have %s: take it down with --purge, or give it the old one again", h.Name, is.Address, h.Address)
	}
	if is.State == StatePaused {
		return nil
	}
	if is.State != StateOn {
		if _, err := docker(ctx, nil, "start", l.container(h.Name)); err != nil {
			return fmt.Errorf("failed to boot machine %s: %w", h.Name, err)
		}
	}
	if err := greets(ctx, h.Address); err != nil {
		return fmt.Errorf("machine %s does not answer: %w", h.Name, err)
	}
	return nil
}

// Down shuts every machine down; purge removes them, with their disks and their network.
func (l Lab) Down(ctx context.Context, purge bool) error {
	existing, err := l.machines(ctx)
	if err != nil {
		return err
	}
	var all []Machine
	for _, m := range existing {
		all = append(all, m)
	}
	if !purge {
		return forEach(ctx, all, func(ctx context.Context, m Machine) error { return l.shutDown(ctx, m) })
	}
	err = forEach(ctx, all, func(ctx context.Context, m Machine) error {
		_, err := docker(ctx, nil, "rm", "--force", "--volumes", l.container(m.Name))
		return err
	})
	return errors.Join(err, l.removeAll(ctx, "volume"), l.removeAll(ctx, "network"))
}

// shutDown lets systemd stop everything, for as long as a daemon waits.
func (l Lab) shutDown(ctx context.Context, m Machine) error {
	if m.State == StatePaused {
		if _, err := docker(ctx, nil, "unpause", l.container(m.Name)); err != nil {
			return err
		}
	}
	_, err := docker(ctx, nil, "stop", "--time", "20", l.container(m.Name))
	return err
}
