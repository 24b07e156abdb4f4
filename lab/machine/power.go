package machine

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Pause freezes every process of a machine, as a machine hangs: its kernel still takes packets.
func (l Lab) Pause(ctx context.Context, host string) error {
	return l.order(ctx, host, []string{StateOn}, "pause")
}

// Resume lets a paused machine go on.
func (l Lab) Resume(ctx context.Context, host string) error {
	return l.order(ctx, host, []string{StatePaused}, "unpause")
}

// Kill takes a machine's power away, also a paused one's: nothing of it ends in order.
func (l Lab) Kill(ctx context.Context, host string) error {
	return l.order(ctx, host, []string{StateOn, StatePaused}, "kill", "--signal", "KILL")
}

// Boot gives the power back; it returns when the machine greets.
func (l Lab) Boot(ctx context.Context, host string) error {
	m, err := l.machine(ctx, host, StateOff, stateCreated)
	if err != nil {
		return err
	}
	if _, err := docker(ctx, nil, "start", l.container(host)); err != nil {
		return err
	}
	return greets(ctx, m.Address)
}

// Remove scraps a machine, whatever its state, with its disk and its host key. The next Up makes a new one.
func (l Lab) Remove(ctx context.Context, host string) error {
	if _, err := l.machine(ctx, host, StateOn, StateOff, StatePaused, stateCreated); err != nil {
		return err
	}
	if _, err := docker(ctx, nil, "rm", "--force", "--volumes", l.container(host)); err != nil {
		return err
	}
	words := []string{"volume", "rm", "--force"}
	for _, v := range volumes {
		words = append(words, l.container(host)+"-"+v.name)
	}
	if _, err := docker(ctx, nil, words...); err != nil {
		return err
	}
	return os.RemoveAll(filepath.Dir(l.hostKey(host)))
}

// Cut takes the cable of a machine's network out. The machine keeps its address and its routes, and everything that is
// sent to it or by it is lost. It lasts until Mend or Boot.
func (l Lab) Cut(ctx context.Context, host string) error { return l.cable(ctx, host, "down") }

// Mend puts the cable back.
func (l Lab) Mend(ctx context.Context, host string) error { return l.cable(ctx, host, "up") }

// cable sets the end of a machine's cable that is in this machine, by a container that is in this machine's network: so
// whoever may use Docker can do it, without root.
func (l Lab) cable(ctx context.Context, host, state string) error {
	if _, err := l.machine(ctx, host, StateOn); err != nil {
		return err
	}
	index, err := docker(ctx, nil, "exec", l.container(host), "cat", "/sys/class/net/eth0/iflink")
	if err != nil {
		return err
	}
	image, err := docker(ctx, nil, "container", "inspect", "--format", "{{.Image}}", l.container(host))
	if err != nil {
		return err
	}
	// ip knows an interface by its name only, or as ifN by its number.
	_, err = docker(ctx, nil, "run", "--rm", "--network", "host", "--cap-add", "NET_ADMIN", "--entrypoint", "ip", image, "link", "set", "if"+index, state)
	return err
}

// order has docker do something with a machine that is in one of the states.
func (l Lab) order(ctx context.Context, host string, states []string, words ...string) error {
	if _, err := l.machine(ctx, host, states...); err != nil {
		return err
	}
	_, err := docker(ctx, nil, append(words, l.container(host))...)
	return err
}

// ErrNoMachine says that a lab has no machine of a name.
var ErrNoMachine = errors.New("no such machine")

// machine is the one of that name, which has to be in one of the states.
func (l Lab) machine(ctx context.Context, host string, states ...string) (Machine, error) {
	if err := answers(ctx); err != nil {
		return Machine{}, err
	}
	all, err := l.machines(ctx)
	if err != nil {
		return Machine{}, err
	}
	m, ok := all[host]
	if !ok {
		return m, fmt.Errorf("%w: the lab has no host %q", ErrNoMachine, host)
	}
	if !slices.Contains(states, m.State) {
		return m, fmt.Errorf("it is %s, not %s", m.State, strings.Join(states, " or "))
	}
	return m, nil
}

func sortByAddress(seen []Seen) {
	slices.SortFunc(seen, func(a, b Seen) int { return strings.Compare(addressOf(a.Machine), addressOf(b.Machine)) })
}
