package rollout

import (
	"slices"

	"hardway/haproxy"
)

// Balancers is what a rolling change of the balancers is computed from: one at a time, so that with two of them the API
// never lacks one.
type Balancers struct {
	// Hosts is those that the run is for, in the order of the spec.
	Hosts []Host
	// Running is the balancers of the cluster that run: gates ask them.
	Running []string
	// Holder is the one that has the address which they share; empty where none has it.
	Holder string
	// Share: they share an address.
	Share bool
}

// Roll is the change as turns: first what is stopped starts, then what runs changes, the holder of the shared address last:
// so that it moves once at most.
func (b Balancers) Roll() Roll {
	var roll Roll
	hosts := slices.SortedStableFunc(slices.Values(b.Hosts), func(one, other Host) int {
		return b.holds(one) - b.holds(other)
	})
	for _, starting := range []bool{true, false} {
		for _, h := range hosts {
			_, starts := h.unit(haproxy.Unit, Start)
			if starts == starting && (!h.Idle() || len(h.Units()) > 0) {
				roll.Batch = append(roll.Batch, h)
				roll.Turns = append(roll.Turns, b.turn(h))
			}
		}
	}
	return roll
}

func (b Balancers) holds(h Host) int {
	if h.Change.Host == b.Holder {
		return 1
	}
	return 0
}

// turn changes one balancer. Its configuration is tried by its own HAProxy before it counts; keepalived's unit does the same
// with its own before it reads it.
func (b Balancers) turn(h Host) Turn {
	host := h.Change.Host
	others := without(b.Running, []string{host})
	var moves []Move
	if len(others) > 0 {
		moves = append(moves, gate(others, AskBalancer))
	}
	if h.delivers(haproxy.ConfigPath) && h.Change.State.Paths[haproxy.CAPath].Exists {
		moves = append(moves, one(host, Check, haproxy.ConfigPath, "before it counts"))
	}
	if !h.Idle() {
		moves = append(moves, Move{Verb: Commit, Hosts: []string{host}})
	}
	for _, unit := range []string{haproxy.Unit, haproxy.SharedUnit} {
		for _, verb := range []Verb{Enable, Start, RestartUnit, ReloadUnit} {
			if u, ok := h.unit(unit, verb); ok {
				moves = append(moves, one(host, verb, unit, u.Reason))
			}
		}
	}
	asks := []Ask{AskBackend}
	if b.Share {
		asks = append(asks, AskAddress)
	}
	return Turn{Host: host, Moves: append(moves, gate(append(others, host), AskBalancer), gate([]string{host}, asks...))}
}

func (h Host) delivers(path string) bool {
	return slices.ContainsFunc(h.Part(), func(f FileChange) bool { return f.Path == path && f.Verb != Delete })
}

// Repair gives servers their clients again that a run which was cut off left drained: what it does comes before anything
// else of the roll. drained is the servers by balancer.
func (r Roll) Repair(balancers []string, drained map[string][]string) Roll {
	var moves []Move
	for _, b := range balancers {
		for _, server := range drained[b] {
			moves = append(moves, one(b, Undrain, server, "was left drained by a run that was cut off"))
		}
	}
	if len(moves) > 0 {
		r.Turns = append([]Turn{{Moves: moves}}, r.Turns...)
	}
	return r
}

// Then is both rolls, one after the other. A host of both is staged and committed once.
func (r Roll) Then(next Roll) Roll {
	out := Roll{Batch: slices.Clone(r.Batch), Turns: slices.Clone(r.Turns)}
	var both []string
	for _, h := range next.Batch {
		i := slices.IndexFunc(out.Batch, func(o Host) bool { return o.Change.Host == h.Change.Host })
		if i < 0 {
			out.Batch = append(out.Batch, h)
			continue
		}
		out.Batch[i].Components = append(slices.Clone(out.Batch[i].Components), h.Components...)
		both = append(both, h.Change.Host)
	}
	for _, t := range next.Turns {
		for _, host := range both {
			if r.commits(host) && t.commits(host) {
				t = out.committedBefore(t, host)
			}
		}
		out.Turns = append(out.Turns, t)
	}
	return out
}

// committedBefore is a turn, of a host or of several side by side, without the commit of a host that an earlier turn commits.
// What proves its staged files goes there too, before anything else of that turn: after the commit nothing is staged any more.
func (r Roll) committedBefore(t Turn, host string) Turn {
	var proofs, left []Move
	for _, m := range t.Moves {
		if m.Verb != Commit && m.Verb != Check || !slices.Contains(m.Hosts, host) {
			left = append(left, m)
			continue
		}
		if m.Verb == Check {
			proofs = append(proofs, on([]string{host}, m)...)
		}
		left = append(left, on(without(m.Hosts, []string{host}), m)...)
	}
	i := slices.IndexFunc(r.Turns, func(earlier Turn) bool { return earlier.commits(host) })
	r.Turns[i].Moves = slices.Concat(proofs, r.Turns[i].Moves)
	t.Moves = left
	return t
}

func (r Roll) commits(host string) bool {
	return slices.ContainsFunc(r.Turns, func(t Turn) bool { return t.commits(host) })
}

func (t Turn) commits(host string) bool {
	return slices.ContainsFunc(t.Moves, func(m Move) bool { return m.Verb == Commit && slices.Contains(m.Hosts, host) })
}
