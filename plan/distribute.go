package plan

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"hardway/cluster"
	"hardway/remote"
	"hardway/rollout"
)

func (e *Env) diff() Step {
	return Step{
		Path:    []string{"diff"},
		Summary: "what would change on which host, by file and unit",
		Why:     "A change is data before it is done: this is the very difference that distribute and apply work from.",
		Check:   true,
		ByHand:  diffByHand,
		Plan: func(ctx context.Context) (Action, error) {
			report, hosts, changes, err := e.reachableDifferences(ctx)
			if err != nil {
				return Action{}, err
			}
			for _, c := range changes {
				report.Changes = append(report.Changes, listed(c)...)
			}
			if report.Contents, err = e.contents(ctx, hosts, changes); err != nil {
				return Action{}, err
			}
			report.Found = len(report.Changes) > 0
			report.Notes = []string{count(len(hosts), "host") + " compared, " + count(len(report.Changes), "change")}
			if report.Found && len(report.Problems) == 0 {
				report.Notes = append(report.Notes, e.turns(ctx)...)
			}
			return Action{Report: report}, nil
		},
	}
}

// reachableDifferences is the differences for a check: a host that cannot be reached is a finding, and the others are
// compared.
func (e *Env) reachableDifferences(ctx context.Context) (Report, []host, []rollout.Change, error) {
	nodes, err := e.nodes()
	if err != nil {
		return Report{}, nil, nil, err
	}
	wants, err := e.rendered(nodes)
	if err != nil {
		return Report{}, nil, nil, err
	}
	all, err := e.dial(ctx, wants)
	report := Report{Problems: cluster.ProblemsOf(err)}
	hosts := slices.DeleteFunc(all, func(h host) bool { return h.conn == nil })
	changes, err := e.compare(ctx, hosts)
	return report, hosts, changes, err
}

// differences loads what is rendered, connects and compares.
func (e *Env) differences(ctx context.Context) ([]host, []rollout.Change, error) {
	nodes, err := e.nodes()
	if err != nil {
		return nil, nil, err
	}
	wants, err := e.rendered(nodes)
	if err != nil {
		return nil, nil, err
	}
	hosts, err := e.dial(ctx, wants)
	if err != nil {
		return nil, nil, err
	}
	changes, err := e.compare(ctx, hosts)
	return hosts, changes, err
}

func (e *Env) distribute() Step {
	return Step{
		Path:    []string{"distribute"},
		Summary: "ship what is rendered; commits only where nothing that reads the files runs",
		Why: "Files are staged on every host before they count on any: owner and mode before the first byte, synced, compared " +
			"by digest on the far side, then renamed into place. Some files act the moment they are in place, so what a running unit " +
			"reads is left to apply, which goes host by host behind gates.",
		ByHand: distributeByHand,
		Plan:   e.planDistribute,
	}
}

func (e *Env) planDistribute(ctx context.Context) (Action, error) {
	hosts, changes, err := e.differences(ctx)
	if err != nil {
		return Action{}, err
	}
	var report Report
	var batch rollout.Batch
	locked := whereLocked(hosts, changes)
	for i, c := range changes {
		quiet, left := idle(c)
		part := rollout.Host{Conn: hosts[i].conn, Change: c, Components: quiet}
		report.Notes = append(report.Notes, left...)
		if part.Idle() {
			continue
		}
		report.Changes = append(report.Changes, deliveries(part)...)
		batch = append(batch, part)
	}
	if len(batch) == 0 {
		report.Notes = append(report.Notes, count(len(hosts), "host")+" compared, nothing was sent")
		return Action{Report: report, Locked: locked}, nil
	}
	return Action{Report: report, Locks: conns(batch), Locked: locked, Do: func(ctx context.Context) (Report, error) {
		e.say(Event{Phase: PhaseStage, Message: "staging on " + count(len(batch), "host"), Hosts: &Count{Total: int64(len(batch))}})
		return done(report, batch.Deliver(ctx, e.Spec.SSH.Parallel))
	}}, nil
}

// whereLocked is the hosts on which a lock stands.
func whereLocked(hosts []host, changes []rollout.Change) (locked []remote.Changer) {
	for i, c := range changes {
		if c.Locked() {
			locked = append(locked, hosts[i].conn)
		}
	}
	return locked
}

// conns is the connections to the hosts of a batch.
func conns(batch rollout.Batch) []remote.Changer {
	out := make([]remote.Changer, len(batch))
	for i, h := range batch {
		out[i] = h.Conn
	}
	return out
}

// idle splits a host's components into those none of whose units run and, as notes, the changed ones that are left.
func idle(c rollout.Change) (quiet, left []string) {
	for _, component := range c.Components() {
		running := c.Runs(component)
		switch part := c.Of(component); {
		case len(running) == 0:
			quiet = append(quiet, component)
		case part.Delivers():
			left = append(left, fmt.Sprintf("%s: %s of %s left as it was, because %s runs: `hardway apply %s` does it behind gates",
				c.Host, count(len(part.Files), "file"), component, strings.Join(running, ", "), component))
		}
	}
	return quiet, left
}

func deliveries(h rollout.Host) []Change {
	var rows []Change
	for _, f := range h.Part() {
		rows = append(rows, Change{h.Change.Host, f.Path, string(f.Verb), f.Reason})
	}
	return rows
}
