package plan

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"hardway/cluster"
	"hardway/rollout"
)

const (
	rollbackSummary = "put back what the last run replaced; done again, it puts that back"
	rollbackWhy     = "Each commit keeps what it replaces on the host. A rollback is a change like any other, computed from that: staged on every " +
		"host before it counts on any, and behind the same gates. It keeps what it replaces, too. What cluster.yaml says stays as it is: " +
		"`diff` shows what the next apply would bring again."
)

// Rollback puts back what the last run replaced on these hosts; without names, on all that the newest run changed.
func Rollback(e *Env, names []string) Step {
	return Step{
		Path: []string{"rollback"}, Summary: rollbackSummary, Why: rollbackWhy, ByHand: rollbackByHand,
		Plan: func(ctx context.Context) (Action, error) { return e.planRollback(ctx, names) },
	}
}

func (e *Env) planRollback(ctx context.Context, names []string) (Action, error) {
	nodes, err := e.nodes()
	if err != nil {
		return Action{}, err
	}
	all, err := e.allKept(ctx, named(nodes, names))
	if err != nil {
		return Action{}, err
	}
	back, err := e.takenBack(ctx, all, len(names) > 0 || len(e.Only) > 0)
	if err != nil {
		return Action{}, err
	}
	if len(back.hosts) == 0 {
		return Action{Report: Report{Notes: []string{count(len(all), "host") + " asked, none keeps anything to put back"}}}, nil
	}
	e.run.PutsBack = back.run
	seen, err := e.viewBack(ctx, back.hosts)
	if err != nil {
		return Action{}, err
	}
	return e.backAction(ctx, seen, back)
}

// backAction is the roll that puts back. What does not run goes along, what runs is rolled.
func (e *Env) backAction(ctx context.Context, seen view, back takenBack) (Action, error) {
	parts, rolling, err := backParts(seen, back.hosts)
	if err != nil {
		return Action{}, err
	}
	only := e.Only
	e.Only = back.names()
	defer func() { e.Only = only }()
	roll := rollout.Roll{}
	if len(rolling) > 0 {
		if roll, err = e.roll(ctx, seen, rolling); err != nil {
			return Action{}, err
		}
	}
	roll = roll.Along(parts)
	var report Report
	for _, row := range roll.Rows() {
		report.Changes = append(report.Changes, Change{row.Host, row.What, string(row.Verb), row.Reason})
	}
	report.Notes = append(back.says(), inTurn(roll)...)
	return e.rollAction("rollback", seen, roll, report)
}

// backParts is what of each host is put back without a turn of its own, and the components that need one.
func backParts(seen view, hosts []kept) (parts []rollout.Host, rolling []string, err error) {
	var problems cluster.Problems
	for _, k := range hosts {
		h, c := seen.of(k.node.Name)
		part := rollout.Host{Conn: h.conn, Change: c}
		problems = append(problems, wouldTakeOff(c)...)
		for _, component := range c.Components() {
			switch of := c.Of(component); {
			case len(c.Runs(component)) == 0:
				part.Components = append(part.Components, component)
			case !of.Delivers() && len(of.Units) == 0:
			case !slices.Contains(rolling, component):
				rolling = append(rolling, component)
			}
		}
		if !part.Idle() {
			parts = append(parts, part)
		}
	}
	return parts, rolling, problems.OrNil()
}

// wouldTakeOff is a problem where a unit runs that was not there before: putting back would leave it without its files.
func wouldTakeOff(c rollout.Change) cluster.Problems {
	var problems cluster.Problems
	for _, unit := range c.RunsWithout() {
		problems = append(problems, cluster.Problem{
			Host: c.Host, Subject: unit, Message: "was not there before the last change, and runs now: putting back would take its files away",
			Hint: "stop it on the host first if it is to go; what a first delivery brought is not rolled back under what runs on it",
		})
	}
	return problems
}

// viewBack is the hosts to put back, compared with what they held, and the other masters and balancers, compared with what
// stands there: gates and etcd's decisions ask them too.
func (e *Env) viewBack(ctx context.Context, back []kept) (view, error) {
	// What is wanted here is none of what other steps want: neither they nor this may take the other's differences for theirs.
	e.looks.forget()
	defer e.looks.forget()
	var wants []rollout.Want
	for _, node := range e.Spec.Hosts {
		i := slices.IndexFunc(back, func(k kept) bool { return k.node.Name == node.Name })
		if i < 0 && !concernsGates(node) {
			continue
		}
		conn, err := e.connect(ctx, node)
		if err != nil {
			return view{}, err
		}
		var generations []rollout.Generation
		if i >= 0 {
			generations = back[i].generations
		}
		base := rollout.Want{Node: node, Reads: reads(e.Spec, node), Watch: watched(e.Spec, node)}
		want, err := rollout.Restored(ctx, conn, base, generations...)
		if err != nil {
			return view{}, err
		}
		wants = append(wants, want)
	}
	return e.viewWants(ctx, wants)
}

// takenBack is a run that is taken back, and for each host the generations to put back: none where only units are left to
// be brought to run on what was put back already.
type takenBack struct {
	run   string
	hosts []kept
	// of is the newest generation that is put back.
	of rollout.Generation
}

func (b takenBack) names() []string {
	var names []string
	for _, k := range b.hosts {
		names = append(names, k.node.Name)
	}
	return names
}

func (b takenBack) says() []string {
	return []string{fmt.Sprintf("takes back run %s: `%s` of %s, %s, on %s",
		b.of.Run, b.of.Command, b.of.Who, b.of.At.UTC().Format(time.RFC3339), strings.Join(b.names(), ", "))}
}

// takenBack chooses. A rollback that was cut off is finished before anything else: hosts that still have as their last run
// the one it took back, and those on which it ended without its units. Runs that finished one another are taken back as one.
func (e *Env) takenBack(ctx context.Context, all []kept, chosen bool) (takenBack, error) {
	one := runsOf(all)
	last := lastOf(all)
	if last.PutsBack != "" {
		if b, err := e.halfTakenBack(ctx, all, one, last); err != nil || len(b.hosts) > 0 {
			return b, err
		}
	}
	b := takenBack{run: last.Run, of: last}
	for _, k := range all {
		if g := k.newest(); g.Run != "" && (chosen || one.same(g.Run, last.Run)) {
			k.generations = k.last(one)
			if g.Unfinished() {
				// As if it had not begun: nothing is left of it.
				k.generations = k.generations[:1]
			}
			b.hosts = append(b.hosts, k)
		}
	}
	return b, nil
}

// halfTakenBack is what is left to do of a rollback, no host when all of it is done.
func (e *Env) halfTakenBack(ctx context.Context, all []kept, one runs, last rollout.Generation) (takenBack, error) {
	b := takenBack{run: last.PutsBack}
	var done []kept
	for _, k := range all {
		switch g := k.newest(); {
		case one.same(g.Run, last.Run) && g.Unfinished():
			// Goes on with the generation that was begun, and puts back what lies before it.
			k = k.before(one)
		case one.same(g.Run, last.Run):
			k.generations = nil
			done = append(done, k)
			continue
		case !one.same(g.Run, last.PutsBack):
			continue
		}
		if k.generations = k.last(one); len(k.generations) > 0 && one.same(k.generations[0].Run, last.PutsBack) {
			b.of = k.generations[0]
			b.hosts = append(b.hosts, k)
		}
	}
	left, err := e.unrestarted(ctx, done)
	if b.of.Run == "" {
		b.of = last
	}
	b.hosts = append(b.hosts, left...)
	return b, err
}

// unrestarted is the hosts with a unit that runs on something else than what stands there.
func (e *Env) unrestarted(ctx context.Context, hosts []kept) ([]kept, error) {
	if len(hosts) == 0 {
		return nil, nil
	}
	seen, err := e.viewBack(ctx, hosts)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(hosts), func(k kept) bool {
		_, c := seen.of(k.node.Name)
		_, stale := c.Unit(rollout.RestartUnit)
		return !stale
	}), nil
}
