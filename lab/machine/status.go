package machine

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strings"
)

// The states of a machine.
const (
	StateOn     = "on"
	StateOff    = "off"
	StatePaused = "paused"
	// StateCut is on, and without a network.
	StateCut = "cut"
	// stateCreated has never booted.
	stateCreated = "created"
)

// Machine is what Docker says of one.
type Machine struct {
	Name, Address, State string
	// PID is its first process as this machine sees it; 0 where it is off.
	PID int
}

// machines is the lab's machines by their host's name; StateCut is not told from StateOn here.
func (l Lab) machines(ctx context.Context) (map[string]Machine, error) {
	ids, err := lines(ctx, "ps", "--all", "--quiet", "--no-trunc", "--filter", l.filter())
	if err != nil || len(ids) == 0 {
		return nil, err
	}
	out, err := docker(ctx, nil, append([]string{"container", "inspect"}, ids...)...)
	if err != nil {
		return nil, err
	}
	var found []inspected
	if err := json.Unmarshal([]byte(out), &found); err != nil {
		return nil, fmt.Errorf("failed to read what docker says of the lab's machines: %w", err)
	}
	all := map[string]Machine{}
	for _, c := range found {
		name := c.Config.Labels[labelHost]
		all[name] = Machine{name, c.NetworkSettings.Networks[l.network()].IPAMConfig.IPv4Address, c.state(), c.State.Pid}
	}
	return all, nil
}

// inspected is the part of docker's answer that is read.
type inspected struct {
	Config struct{ Labels map[string]string }
	State  struct {
		Status string
		Pid    int
	}
	NetworkSettings struct {
		Networks map[string]struct{ IPAMConfig struct{ IPv4Address string } }
	}
}

func (c inspected) state() string {
	switch c.State.Status {
	case "running":
		return StateOn
	case "paused":
		return StatePaused
	case "created":
		return stateCreated
	}
	return StateOff
}

// Unit is a unit of a machine that failed.
type Unit struct{ Name, State, Sub string }

// Seen is a machine as it is now, with its units that failed.
type Seen struct {
	Machine
	Failed []Unit
}

// lookScript asks a machine for its cable and its failed units.
const lookScript = "cat /sys/class/net/eth0/carrier; systemctl list-units --failed --plain --no-legend --full"

// Status looks at every machine; they come in the order of their addresses.
func (l Lab) Status(ctx context.Context) ([]Seen, error) {
	if err := answers(ctx); err != nil {
		return nil, err
	}
	existing, err := l.machines(ctx)
	if err != nil {
		return nil, err
	}
	seen := make([]Seen, 0, len(existing))
	for _, m := range existing {
		seen = append(seen, Seen{Machine: m})
	}
	sortByAddress(seen)
	indices := make([]int, len(seen))
	for i := range seen {
		indices[i] = i
	}
	return seen, forEach(ctx, indices, func(ctx context.Context, i int) error { return l.look(ctx, &seen[i]) })
}

func (l Lab) look(ctx context.Context, s *Seen) error {
	if s.State == stateCreated {
		s.State = StateOff
	}
	if s.State != StateOn {
		return nil
	}
	// A machine that is on its way up or down does not answer; that it is on is still true.
	answer, err := lines(ctx, "exec", l.container(s.Name), "sh", "-c", lookScript)
	if err != nil || len(answer) == 0 {
		return ctx.Err()
	}
	if answer[0] == "0" {
		s.State = StateCut
	}
	for _, line := range answer[1:] {
		if words := strings.Fields(line); len(words) > 3 {
			s.Failed = append(s.Failed, Unit{words[0], words[2], words[3]})
		}
	}
	return nil
}

// addressOf is an address as it sorts.
func addressOf(m Machine) string { return string(net.ParseIP(m.Address).To16()) }
