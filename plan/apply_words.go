package plan

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"hardway/cluster"
	"hardway/controlplane"
	"hardway/etcd"
	"hardway/haproxy"
	"hardway/rollout"
)

// inTurn says in which order hosts change, and what is asked in between.
func inTurn(roll rollout.Roll) []string {
	order := roll.Order()
	if len(order) == 0 {
		return nil
	}
	var asks []string
	for _, t := range roll.Turns {
		for _, m := range t.Moves {
			for _, a := range m.Asks {
				if !slices.Contains(asks, string(a)) {
					asks = append(asks, string(a))
				}
			}
		}
	}
	return []string{fmt.Sprintf("in turn: %s; before and after each, health of: %s", strings.Join(order, ", "), strings.Join(asks, ", "))}
}

// turns says in which order `apply all` would go through the hosts, and what it would do on each; or why it would not begin.
func (e *Env) turns(ctx context.Context) []string {
	what := everyComponent()
	seen, err := e.viewOf(ctx, what)
	var roll rollout.Roll
	if err == nil {
		roll, err = e.roll(ctx, seen, what)
	}
	var notes []string
	for _, p := range cluster.ProblemsOf(err) {
		notes = append(notes, "apply all would not begin: "+p.String())
	}
	for _, t := range roll.Turns {
		var moves []string
		for _, m := range t.Moves {
			if m.Verb != rollout.Gate && m.Verb != rollout.Leave {
				moves = append(moves, strings.TrimSpace(string(m.Verb)+" "+m.What))
			}
		}
		if t.Host != "" {
			notes = append(notes, "apply all, turn of "+t.Host+": "+strings.Join(moves, ", "))
		}
	}
	return append(notes, inTurn(roll)...)
}

// asTheyShould says of how many hosts a run that finds nothing to do speaks.
func (e *Env) asTheyShould(s view, what []string) string {
	chosen := 0
	for _, c := range s.changes {
		if e.chosen(c.Host) && e.concerned(c.Host, what) {
			chosen++
		}
	}
	noun := "host"
	if len(what) == 1 {
		noun = map[string]string{etcd.Component: "member", haproxy.Component: "balancer", controlplane.Component: "master"}[what[0]]
	}
	if noun == "" {
		noun = "host"
	}
	if chosen == 1 {
		return "1 " + noun + " holds and runs what it should"
	}
	return count(chosen, noun) + " hold and run what they should"
}

// leftOut names the hosts that are not as they should be, and that the run is not for.
func (e *Env) leftOut(s view, what []string) []string {
	var names []string
	for _, c := range s.changes {
		if e.chosen(c.Host) {
			continue
		}
		for _, component := range what {
			if part := c.Of(component); !part.Empty() && !slices.Contains(names, c.Host) {
				names = append(names, c.Host)
			}
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []string{"left out by --only: " + strings.Join(names, ", ") + ", not as they should be"}
}

// concerned reports whether a host runs any of the components.
func (e *Env) concerned(host string, what []string) bool {
	node, _ := e.Spec.Node(host)
	return slices.ContainsFunc(components, func(c component) bool { return slices.Contains(what, c.name) && c.on(e.Spec, node) })
}
