package plan

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"hardway/cluster"
	"hardway/etcd"
	"hardway/rollout"
)

// etcdClient is the certificate that operators speak to etcd with.
const etcdClient = "etcd-admin"

func (e *Env) applyEtcd() Step {
	return Step{
		Path:    []string{"apply", "etcd"},
		Summary: "ship what is rendered and bring etcd to run on it, one member at a time",
		Why: "etcd holds the state of the whole cluster, so its members are changed one at a time, the leader last, each behind a gate: " +
			"every member healthy, one leader. A new cluster begins only when every data directory is proven empty: members " +
			"that were wiped and started as new would form an empty cluster in the place of the old one.",
		ByHand: applyEtcdByHand,
		Plan:   e.planEtcd,
	}
}

// planEtcd looks at every etcd host, also at those the run is not limited to: whether a member may be started is decided
// by all of them together.
func (e *Env) planEtcd(ctx context.Context) (Action, error) {
	wants, err := e.rendered(e.Spec.With(cluster.RoleEtcd))
	if err != nil {
		return Action{}, err
	}
	for i := range wants {
		wants[i].Watch = rollout.EtcdWatch()
	}
	hosts, err := e.dial(ctx, wants)
	if err != nil {
		return Action{}, err
	}
	changes, err := e.compare(ctx, hosts)
	if err != nil {
		return Action{}, err
	}
	return e.membersAction(ctx, hosts, changes)
}

func (e *Env) membersAction(ctx context.Context, hosts []host, changes []rollout.Change) (Action, error) {
	var problems cluster.Problems
	for _, c := range changes {
		problems = append(problems, rollout.MissingBinary(c)...)
	}
	leader, err := e.leaderIfNeeded(ctx, changes)
	if err != nil {
		return Action{}, err
	}
	facts := make([]etcd.StartFacts, len(changes))
	for i, c := range changes {
		facts[i] = rollout.EtcdFacts(c, leader)
	}
	decision, found := etcd.DecideStart(facts)
	problems = append(problems, found...)
	if decision.Bootstrap && len(e.Only) > 0 {
		problems = append(problems, cluster.Problem{
			Subject: "--only", Message: "a new cluster begins on all its members at once, since each waits for the others",
			Hint: "run `hardway apply etcd` without --only",
		})
	}
	if len(problems) > 0 {
		return Action{}, problems
	}
	members := e.members(hosts, changes, facts, decision)
	report := etcdChanges(members)
	if members.Idle() && len(report.Changes) == 0 {
		report.Notes = append(e.leftOut(changes), e.asTheyShould(hosts)+", nothing was done")
		return Action{Report: report}, nil
	}
	if len(report.Changes) == 0 {
		report.Notes = []string{"nothing is left to start, but not every member that runs is ready: the run ends when the cluster is healthy, or fails"}
	}
	report.Notes = append(report.Notes, e.leftOut(changes)...)
	return Action{Report: report, Do: func(ctx context.Context) (Report, error) { return done(report, members.Do(ctx)) }}, nil
}

// asTheyShould says of how many members a run that finds nothing to do speaks.
func (e *Env) asTheyShould(hosts []host) string {
	chosen := 0
	for _, h := range hosts {
		if e.chosen(h.node.Name) {
			chosen++
		}
	}
	if chosen == 1 {
		return "1 member holds and runs what it should"
	}
	return fmt.Sprintf("%d members hold and run what they should", chosen)
}

// leftOut names the members that are not as they should be, and that the run is not for.
func (e *Env) leftOut(changes []rollout.Change) []string {
	var names []string
	for _, c := range changes {
		if part := c.Of(etcd.Component); !e.chosen(c.Host) && !part.Empty() {
			names = append(names, c.Host)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return []string{"left out by --only: " + strings.Join(names, ", ") + ", not as they should be"}
}

// chosen: the run is for this host.
func (e *Env) chosen(name string) bool { return len(e.Only) == 0 || slices.Contains(e.Only, name) }

// members limits the change to the hosts of the run; the decision was made with all of them.
func (e *Env) members(hosts []host, changes []rollout.Change, facts []etcd.StartFacts, decision etcd.Decision) rollout.Members {
	m := rollout.Members{
		Parallel: e.Spec.SSH.Parallel, GateTimeout: e.Spec.Rollout.GateTimeout.Duration, Problems: e.etcdProblems,
		MoveLeader: e.moveLeader,
		Tell:       func(host, message string) { e.tell("apply etcd", host, message) },
	}
	keep := func(names []string) []string {
		return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !e.chosen(n) })
	}
	m.Decision = decision
	if !decision.Bootstrap {
		m.Decision.Arm, m.Decision.Start, m.Decision.Restart = keep(decision.Arm), keep(decision.Start), keep(decision.Restart)
		m.Decision.Await = keep(decision.Await)
	}
	var leader []string
	for i, c := range changes {
		if !decision.Bootstrap && !e.chosen(c.Host) {
			continue
		}
		part := rollout.Host{Conn: hosts[i].conn, Change: c, Components: []string{etcd.Component}}
		busy := !part.Idle() || len(c.Of(etcd.Component).Units) > 0 || slices.Contains(decision.Arm, c.Host)
		if !busy {
			continue
		}
		m.Batch = append(m.Batch, part)
		switch {
		case decision.Bootstrap || slices.Contains(decision.Start, c.Host):
		case facts[i].Leader:
			leader = append(leader, c.Host)
		default:
			m.Order = append(m.Order, c.Host)
		}
	}
	m.Order = append(m.Order, leader...)
	return m
}

// etcdChanges is what the members' change does: of units, what was decided for them.
func etcdChanges(m rollout.Members) Report {
	var report Report
	for _, h := range m.Batch {
		part := h.Change.Of(etcd.Component)
		part.Units = slices.DeleteFunc(part.Units, func(u rollout.UnitChange) bool {
			return u.Verb == rollout.Start && !slices.Contains(m.Decision.Start, h.Change.Host) ||
				u.Verb == rollout.RestartUnit && !slices.Contains(m.Decision.Restart, h.Change.Host)
		})
		report.Changes = append(report.Changes, listed(part)...)
		if slices.Contains(m.Decision.Arm, h.Change.Host) {
			report.Changes = append(report.Changes, Change{h.Change.Host, etcd.BootstrapPath, "create", "every data directory is empty: a new cluster begins"})
		}
	}
	return report
}
