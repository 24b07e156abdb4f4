package plan

import (
	"context"
	"slices"

	"hardway/cluster"
	"hardway/controlplane"
	"hardway/etcd"
	"hardway/rollout"
)

// masters is the rolling change of etcd and the control plane, as far as what asks for them. Every problem is found before
// anything is touched.
func (e *Env) masters(ctx context.Context, s view, what []string) (rollout.Masters, error) {
	m := rollout.Masters{
		Members: nodeNames(e.Spec.With(cluster.RoleEtcd)), Servers: nodeNames(e.Spec.With(cluster.RoleControlPlane)),
		Balancers: withServers(s),
	}
	what = slices.DeleteFunc(slices.Clone(what), func(name string) bool { return name != etcd.Component && name != controlplane.Component })
	if len(what) == 0 {
		return m, nil
	}
	for _, name := range m.Servers {
		_, c := s.of(name)
		m.Serving = m.Serving || c.State.Units[controlplane.APIServerUnit].Running()
	}
	problems, err := e.decide(ctx, s, what, &m)
	if err != nil {
		return m, err
	}
	for _, node := range e.Spec.Hosts {
		if !node.Has(cluster.RoleEtcd) && !node.Has(cluster.RoleControlPlane) {
			continue
		}
		name := node.Name
		part := s.part(name, what)
		if len(part.Components) > 0 && (e.chosen(name) || m.Decision.Bootstrap) {
			m.Hosts = append(m.Hosts, part)
		}
		if e.chosen(name) && applies(part.Components, controlplane.Component) {
			problems = append(problems, rollout.MissingBinaries(part.Change, controlplane.Component, controlplane.Programs()...)...)
		}
	}
	return m, problems.OrNil()
}

// decide is how members start, decided by all of them together and then limited to the hosts of the run.
func (e *Env) decide(ctx context.Context, s view, what []string, m *rollout.Masters) (cluster.Problems, error) {
	if !applies(what, etcd.Component) {
		return formed(s, m.Members), nil
	}
	var problems cluster.Problems
	var changes []rollout.Change
	for _, name := range m.Members {
		_, c := s.of(name)
		changes = append(changes, c)
		problems = append(problems, rollout.MissingBinaries(c, etcd.Component, etcd.Binary)...)
	}
	leader, err := e.leaderIfNeeded(ctx, changes)
	if err != nil {
		return nil, err
	}
	facts := make([]etcd.StartFacts, len(changes))
	for i, c := range changes {
		facts[i] = rollout.EtcdFacts(c, leader)
	}
	decision, found := etcd.DecideStart(facts)
	m.Leader, m.Decision = leader, e.limited(decision)
	problems = append(problems, found...)
	if decision.Bootstrap && len(e.Only) > 0 {
		problems = append(problems, cluster.Problem{
			Subject: "--only", Message: "a new cluster begins on all its members at once, since each waits for the others",
			Hint: "run `hardway apply etcd` without --only",
		})
	}
	return problems, nil
}

// formed is a problem where no member runs: API servers wait for one.
func formed(s view, members []string) cluster.Problems {
	for _, name := range members {
		if _, c := s.of(name); c.State.Units[etcd.Unit].Running() {
			return nil
		}
	}
	return cluster.Problems{{
		Subject: etcd.Unit, Message: "runs on no host, and API servers keep all they know there",
		Hint: "run `hardway apply etcd` first, or `hardway apply all`",
	}}
}

// limited is the decision for the hosts of the run.
func (e *Env) limited(d etcd.Decision) etcd.Decision {
	if d.Bootstrap {
		return d
	}
	keep := func(names []string) []string {
		return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return !e.chosen(n) })
	}
	d.Arm, d.Start, d.Restart, d.Await = keep(d.Arm), keep(d.Start), keep(d.Restart), keep(d.Await)
	return d
}

// withServers is the balancers that run on a configuration of ours: others have no clients for the API servers.
func withServers(s view) []string {
	return slices.DeleteFunc(slices.Clone(s.running), func(name string) bool { return len(s.servers[name]) == 0 })
}

func nodeNames(nodes []cluster.Node) []string {
	var names []string
	for _, n := range nodes {
		names = append(names, n.Name)
	}
	return names
}
