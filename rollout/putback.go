package rollout

import (
	"context"
	"errors"
	"slices"
	"time"

	"hardway/cluster"
	"hardway/controlplane"
	"hardway/etcd"
	"hardway/haproxy"
)

// Back is the moves that give a host back what it ran on, from the moves made so far: its files, the units that were
// stopped or restarted, and its clients. A unit that did not run before its turn is stopped again, and not asked for.
func Back(host string, made []Move) []Move {
	var stops, back, units, clients []Move
	var asks []Ask
	for _, m := range made {
		asks = append(asks, without(m.Asks, asks)...)
		switch m.Verb {
		case Commit:
			back = append(back, Move{Verb: PutBack, Hosts: m.Hosts})
		case Stop, Start, RestartUnit, ReloadUnit:
			switch known := func(u Move) bool { return u.What == m.What }; {
			case slices.ContainsFunc(stops, known), slices.ContainsFunc(units, known):
			case m.Verb == Start:
				// The last one that was started may need those before it.
				stops = slices.Insert(stops, 0, Move{Verb: Stop, Hosts: m.Hosts, What: m.What, Reason: "did not run before its turn"})
			default:
				units = append(units, again(m))
			}
		case Drain:
			clients = append(clients, Move{Verb: Undrain, Hosts: m.Hosts, What: m.What, Reason: "the run failed"})
		}
	}
	// What the others keep their state in comes first.
	slices.SortStableFunc(units, func(a, b Move) int { return slices.Index(needed, b.What) - slices.Index(needed, a.What) })
	for _, s := range stops {
		asks = without(asks, answers[s.What])
	}
	if len(units) > 0 && len(asks) > 0 {
		units = append(units, gate([]string{host}, asks...))
	}
	return slices.Concat(stops, back, units, clients)
}

// answers is the questions that a host answers well only while a unit runs there.
var answers = map[string][]Ask{
	etcd.Unit:                          {AskEtcd, AskAPI, AskControllers, AskServed},
	controlplane.APIServerUnit:         {AskAPI, AskControllers, AskServed},
	controlplane.ControllerManagerUnit: {AskControllers, AskServed},
	controlplane.SchedulerUnit:         {AskControllers, AskServed},
	haproxy.Unit:                       {AskBalancer, AskBackend, AskAddress},
	haproxy.SharedUnit:                 {AskAddress},
}

// needed is the units that others of a host need.
var needed = []string{etcd.Unit}

// again is what makes a unit run on what stands there.
func again(m Move) Move {
	if m.Verb != ReloadUnit {
		m.Verb = RestartUnit
	}
	m.Reason = "runs on what was put back"
	return m
}

// putBack makes every one of the moves, whatever becomes of the others and also after an interruption, and says how the
// host was left.
func (r rolling) putBack(ctx context.Context, host string, back []Move, why error) error {
	if len(back) == 0 {
		return stopped(host, "nothing on it was touched", why)
	}
	r.confirm = r.Locks.ConfirmHost
	if err := r.confirm(context.WithoutCancel(ctx), r.Conns[host]); err != nil {
		return errors.Join(stopped(host, "it was left as it stands, for its lock could not be confirmed", why), err)
	}
	r.Tell(string(PutBack), host, "putting it back")
	var errs []error
	for _, m := range back {
		errs = append(errs, r.moveAnyway(ctx, m))
	}
	if err := errors.Join(errs...); err != nil {
		return errors.Join(stopped(host, "it could not be put back altogether, see below", why), err)
	}
	return stopped(host, howLeft(back), why)
}

// howLeft says what a host that was put back runs on. In a turn without a commit of its own, files that an earlier one
// brought stay.
func howLeft(back []Move) string {
	did := func(verbs ...Verb) bool {
		return slices.ContainsFunc(back, func(m Move) bool { return slices.Contains(verbs, m.Verb) })
	}
	if did(Stop) && !did(PutBack, RestartUnit, ReloadUnit) {
		return "its files are as they were when its turn began, and what was started there was stopped again"
	}
	if did(RestartUnit, ReloadUnit) && !did(PutBack) {
		return "its files are as they were when its turn began, and its units were started again on them"
	}
	return "it was put back and runs on what it ran on before"
}

// moveAnyway makes a move also after an interruption. Each has a time of its own: a host that does not get well again gets
// its clients all the same, and the balancer's checks say whether it can have them.
func (r rolling) moveAnyway(ctx context.Context, m Move) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.GateTimeout+backMargin)
	defer cancel()
	return r.move(ctx, m)
}

// backMargin is what a move may take beyond a gate's time, so that a gate says itself what it has seen.
const backMargin = 30 * time.Second

// stopped says on which host the run stopped, and how that was left.
func stopped(host, left string, why error) error {
	return errors.Join(cluster.Problems{failed(host, "", "the run stopped at this host: "+left+"; hosts after it are as they were",
		"what was seen follows; mend it and run the same command again")}, why)
}
