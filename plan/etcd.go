package plan

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"slices"
	"strconv"
	"strings"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/etcd"
	"hardway/remote"
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
	if problems = append(problems, found...); len(problems) > 0 {
		return Action{}, problems
	}
	members := e.members(hosts, changes, facts, decision)
	report := etcdChanges(members)
	if members.Idle() && len(report.Changes) == 0 {
		report.Notes = []string{fmt.Sprintf("%d members hold and run what they should, nothing was done", len(hosts))}
		return Action{Report: report}, nil
	}
	return Action{Report: report, Do: func(ctx context.Context) (Report, error) { return done(report, members.Do(ctx)) }}, nil
}

// members limits the change to the hosts of the run; the decision was made with all of them.
func (e *Env) members(hosts []host, changes []rollout.Change, facts []etcd.StartFacts, decision etcd.Decision) rollout.Members {
	m := rollout.Members{
		Parallel: e.Spec.SSH.Parallel, GateTimeout: e.Spec.Rollout.GateTimeout.Duration, Problems: e.etcdProblems,
		MoveLeader: e.moveLeader,
		Tell:       func(host, message string) { e.tell("apply etcd", host, message) },
	}
	chosen := func(name string) bool { return len(e.Only) == 0 || slices.Contains(e.Only, name) }
	keep := func(names []string) []string {
		return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !chosen(n) })
	}
	m.Decision = decision
	if !decision.Bootstrap {
		m.Decision.Arm, m.Decision.Start, m.Decision.Restart = keep(decision.Arm), keep(decision.Start), keep(decision.Restart)
	}
	var leader []string
	for i, c := range changes {
		if !decision.Bootstrap && !chosen(c.Host) {
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

func etcdChanges(m rollout.Members) Report {
	var report Report
	for _, h := range m.Batch {
		report.Changes = append(report.Changes, listed(h.Change.Of(etcd.Component))...)
		if slices.Contains(m.Decision.Arm, h.Change.Host) {
			report.Changes = append(report.Changes, Change{h.Change.Host, etcd.BootstrapPath, "create", "every data directory is empty: a new cluster begins"})
		}
	}
	return report
}

// leaderIfNeeded asks who leads only when a running member is about to change: an idle run costs no such question.
func (e *Env) leaderIfNeeded(ctx context.Context, changes []rollout.Change) (string, error) {
	for _, c := range changes {
		part := c.Of(etcd.Component)
		if c.State.Units[etcd.Unit].Running() && (part.Delivers() || len(part.Units) > 0) {
			members, _, err := e.judgeEtcd(ctx, nil)
			if err != nil {
				return "", err
			}
			for _, m := range members {
				if m.Leader {
					return m.Name, nil
				}
			}
			return "", nil
		}
	}
	return "", nil
}

// judgeEtcd collects evidence from every member, through the SSH connection of the member's own host, and judges it.
func (e *Env) judgeEtcd(ctx context.Context, units []etcd.DeliveredUnit) ([]etcd.Member, []cluster.Problem, error) {
	config, err := e.store().ClientTLS(etcdClient)
	if err != nil {
		return nil, nil, err
	}
	e.reach(ctx, e.Spec.With(cluster.RoleEtcd))
	evidence := etcd.Collect(ctx, e.Spec, config, e.dialMember, units)
	members, problems := etcd.Judge(e.Spec, evidence)
	return members, problems, nil
}

// reach connects to hosts before they are asked through: a connection lives as long as the context it was dialled with,
// and each question has a short one. A host that cannot be reached is a finding of the question.
func (e *Env) reach(ctx context.Context, nodes []cluster.Node) {
	_ = remote.ForEach(ctx, nodes, e.Spec.SSH.Parallel, func(ctx context.Context, n cluster.Node) error {
		_, err := e.connect(ctx, n)
		return err
	})
}

func (e *Env) dialMember(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if _, err := strconv.Atoi(port); err != nil {
		return nil, err
	}
	for _, node := range e.Spec.With(cluster.RoleEtcd) {
		if node.PrimaryAddress() == host {
			conn, err := e.connect(ctx, node)
			if err != nil {
				return nil, err
			}
			return conn.Dial(ctx, network, address)
		}
	}
	return nil, fmt.Errorf("%s is no etcd member of the spec", address)
}

// moveLeader hands the lead away from a host before its member is restarted.
func (e *Env) moveLeader(ctx context.Context, away string) error {
	config, err := e.store().ClientTLS(etcdClient)
	if err != nil {
		return err
	}
	return etcd.MoveLeader(ctx, e.Spec, config, e.dialMember, away)
}

// etcdProblems is what the gates between two changes of members ask.
func (e *Env) etcdProblems(ctx context.Context) []cluster.Problem {
	_, problems, err := e.judgeEtcd(ctx, nil)
	return append(cluster.ProblemsOf(err), problems...)
}

func (e *Env) etcdVerify() Step {
	return Step{
		Path:    []string{"etcd", "verify"},
		Summary: "prove that spec, member list, peer certificates and delivered units all agree, and that every member is well",
		Why: "A process that runs is no proof of a cluster. This asks every member for its own view and compares: who is in, who leads, " +
			"what is served on the wire, whether the data is the same everywhere.",
		Check:  true,
		ByHand: etcdVerifyByHand,
		Plan: func(ctx context.Context) (Action, error) {
			members, problems, err := e.judgeEtcd(ctx, e.deliveredUnits(ctx))
			return Action{Report: memberReport(members, problems)}, err
		},
	}
}

// deliveredUnits reads what stands on each etcd host; a host that cannot be looked at is itself a finding.
func (e *Env) deliveredUnits(ctx context.Context) []etcd.DeliveredUnit {
	nodes := e.Spec.With(cluster.RoleEtcd)
	units := make([]etcd.DeliveredUnit, len(nodes))
	_ = remote.ForEach(ctx, indices(nodes), e.Spec.SSH.Parallel, func(ctx context.Context, i int) error {
		unit, err := e.deliveredUnit(ctx, nodes[i])
		if err != nil {
			unit = etcd.DeliveredUnit{Host: nodes[i].Name, Error: err.Error()}
		}
		units[i] = unit
		return nil
	})
	return units
}

func (e *Env) deliveredUnit(ctx context.Context, node cluster.Node) (etcd.DeliveredUnit, error) {
	conn, err := e.connect(ctx, node)
	if err != nil {
		return etcd.DeliveredUnit{}, err
	}
	state, err := conn.Look(ctx, remote.Query{Paths: []string{etcd.LogDir}})
	if err != nil {
		return etcd.DeliveredUnit{}, err
	}
	unit, err := conn.ReadFile(ctx, artifact.UnitDir+"/"+etcd.Unit)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return etcd.DeliveredUnit{}, err
	}
	wal := state.Paths[etcd.LogDir]
	return etcd.UnitFacts(node.Name, unit, !wal.Exists || wal.Empty), nil
}

func memberReport(members []etcd.Member, problems []cluster.Problem) Report {
	report := Report{
		Table:    Table{Header: []string{"MEMBER", "ID", "PEER URLS", "LEADER", "LEARNER", "HEALTHY", "DB SIZE", "REVISION", "HASH"}},
		Problems: problems,
	}
	for _, m := range members {
		report.Items = append(report.Items, m)
		report.Table.Rows = append(report.Table.Rows, []string{
			m.Name, m.ID, strings.Join(m.PeerURLs, " "), yes(m.Leader), yes(m.Learner), yes(m.Healthy),
			fmt.Sprintf("%d KiB", m.DBSize/1024), strconv.FormatInt(m.Revision, 10), fmt.Sprint(m.Hash),
		})
	}
	return report
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
