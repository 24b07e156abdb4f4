package lab

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"
)

// What can happen to hosts and units besides what is asked of them over SSH.

// Pause stops every process of a host where it is, as a machine hangs: connections stay open and nothing answers.
func (l *Lab) Pause(host string) error { return l.signal(host, syscall.SIGSTOP) }

// Resume lets a paused host go on.
func (l *Lab) Resume(host string) error { return l.signal(host, syscall.SIGCONT) }

// PauseUnit stops one unit's processes where they are.
func (l *Lab) PauseUnit(host, unit string) error { return l.signal(host, syscall.SIGSTOP, unit) }

// ResumeUnit lets a paused unit go on.
func (l *Lab) ResumeUnit(host, unit string) error { return l.signal(host, syscall.SIGCONT, unit) }

// KillUnit ends a unit's processes without asking; its Restart= may start it again.
func (l *Lab) KillUnit(host, unit string) error { return l.signal(host, syscall.SIGKILL, unit) }

// signal goes to the processes of the units; to those of all that run where none is named.
func (l *Lab) signal(host string, signal syscall.Signal, units ...string) error {
	h, err := l.host(host)
	if err != nil {
		return err
	}
	services := h.units.all()
	if len(units) > 0 {
		services = nil
		for _, u := range units {
			services = append(services, h.units.service(u))
		}
	}
	var errs []error
	for _, s := range services {
		s.mu.Lock()
		p := s.main
		s.mu.Unlock()
		switch {
		case p != nil && !closed(p.exited):
			errs = append(errs, p.signalGroup(signal))
		case len(units) > 0:
			errs = append(errs, fmt.Errorf("%s of %s does not run", s.name, host))
		}
	}
	return errors.Join(errs...)
}

// Packets is how many packets of SSH a host has received and sent.
func (l *Lab) Packets(host string) (int, error) {
	h, err := l.host(host)
	if err != nil {
		return 0, err
	}
	return h.server.meter.count(), nil
}

// CutAfter cuts every connection to a host's SSH server, once, when so many more packets of SSH have come to it or gone
// from it. The last of them arrives whole, no byte of what follows does; what has been asked is still done, and whoever
// dials again is served. then, where it is given, is called right before, so that it has been when a client notices, and must
// not wait for the host.
func (l *Lab) CutAfter(host string, packets int, then func()) error {
	h, err := l.host(host)
	if err != nil {
		return err
	}
	h.server.meter.after(packets, func() {
		if then != nil {
			then()
		}
		h.server.disconnect()
	})
	return nil
}

// Settle waits until every host is done with what was asked of it over connections that are gone.
func (l *Lab) Settle(ctx context.Context) error {
	for _, h := range l.hosts {
		for !h.server.idle() {
			select {
			case <-ctx.Done():
				return fmt.Errorf("%s still serves a connection: %w", h.Name, ctx.Err())
			case <-time.After(time.Millisecond):
			}
		}
	}
	return nil
}

// PowerOff ends everything on a host at once, its SSH server too. What stands on its disk stays.
func (l *Lab) PowerOff(host string) error {
	h, err := l.host(host)
	if err != nil {
		return err
	}
	return h.powerOff()
}

// PowerOn boots a host that is off: /run is empty, and what is enabled starts.
func (l *Lab) PowerOn(ctx context.Context, host string) error {
	h, err := l.host(host)
	if err != nil {
		return err
	}
	if h.server.listening() {
		return fmt.Errorf("%s is on", host)
	}
	if err := h.prepare(); err != nil {
		return err
	}
	return h.boot(ctx)
}

// Wipe removes what stands at a path of a host, with everything below it.
func (l *Lab) Wipe(host, path string) error {
	h, err := l.host(host)
	if err != nil {
		return err
	}
	at, err := h.tree.resolve(path, false)
	if err != nil {
		return err
	}
	if at == "." {
		return fmt.Errorf("failed to wipe %s of %s: that is the whole disk", path, host)
	}
	if err := h.tree.root.RemoveAll(at); err != nil {
		return fmt.Errorf("failed to wipe %s of %s: %w", path, host, err)
	}
	return h.owners.forget(at)
}
