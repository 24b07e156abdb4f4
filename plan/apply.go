package plan

import (
	"context"
	"slices"

	"hardway/cluster"
	"hardway/controlplane"
	"hardway/etcd"
	"hardway/haproxy"
	"hardway/remote"
	"hardway/rollout"
	"hardway/worker"
)

func (e *Env) applies() []Step {
	return []Step{
		e.apply("etcd", "ship what is rendered and bring etcd to run on it, one member at a time",
			"etcd holds the state of the whole cluster, so its members are changed one at a time, the leader last, each behind a gate: "+
				"every member healthy, one leader. A new cluster begins only when every data directory is proven empty: members "+
				"that were wiped and started as new would form an empty cluster in the place of the old one.",
			applyEtcdByHand, etcd.Component),
		e.apply("controlplane", "ship what is rendered and bring API servers, controller-managers and schedulers to run on it, one master at a time",
			"An API server that goes away under its clients costs them requests. So each is taken out of every balancer first, told to "+
				"stop and waited for, and gets clients again when it says that it is ready; the next one's turn comes when all is well.",
			applyControlplaneByHand, controlplane.Component),
		e.apply("haproxy", "ship what is rendered and have the balancers read it, one at a time",
			"HAProxy reads its configuration and its trust bundle again on reload, without losing a connection. What a reload could not "+
				"read would keep it from starting at the next boot, so its own host tries the configuration before it counts.",
			applyHaproxyByHand, haproxy.Component),
		e.apply("worker", "ship what is rendered and bring kubelets, kube-proxies and the pods' network to run on it, one node at a time",
			"None of it stops a pod when it restarts, so nodes are not drained. What would is a node that does not come back: so the next "+
				"one's turn comes when this one's kubelet has told the API that it is ready. Nodes that do not run yet start side by side.",
			applyWorkerByHand, worker.Component),
		e.applyAll(everyComponent()...),
	}
}

const applyAll = "apply all"

// everyComponent is the names of what runs on hosts, in the order in which it starts.
func everyComponent() []string {
	var names []string
	for _, c := range components {
		names = append(names, c.name)
	}
	return names
}

func (e *Env) applyAll(what ...string) Step {
	return e.apply("all", "ship what is rendered and bring every host to run on it, one at a time",
		"All of etcd, control plane, balancers and nodes in one rolling change: a master whose etcd and API server both change has one turn for both.",
		applyAllByHand, what...)
}

// applyBut is everything but the applies to skip.
func (e *Env) applyBut(skip []string) []Step {
	var what []string
	for _, c := range components {
		if !slices.Contains(skip, "apply "+c.name) {
			what = append(what, c.name)
		}
	}
	if len(what) == 0 {
		return nil
	}
	return []Step{e.applyAll(what...)}
}

func (e *Env) apply(name, summary, why string, byHand func(*cluster.Spec) []Command, what ...string) Step {
	return Step{
		Path: []string{"apply", name}, Summary: summary, Why: why, ByHand: byHand,
		Plan: func(ctx context.Context) (Action, error) { return e.planApply(ctx, "apply "+name, what) },
	}
}

// planApply computes the rolling change of components: it is what a dry run prints and what is carried out.
func (e *Env) planApply(ctx context.Context, step string, what []string) (Action, error) {
	if _, err := e.nodes(); err != nil {
		return Action{}, err
	}
	seen, err := e.viewOf(ctx, what)
	if err != nil {
		return Action{}, err
	}
	roll, err := e.roll(ctx, seen, what)
	if err != nil {
		return Action{}, err
	}
	return e.rollAction(step, seen, roll, e.rollReport(seen, roll, what))
}

// roll is the rolling change of components, from what was seen.
func (e *Env) roll(ctx context.Context, seen view, what []string) (rollout.Roll, error) {
	masters, err := e.masters(ctx, seen, what)
	if err != nil {
		return rollout.Roll{}, err
	}
	balancers, err := e.balancers(ctx, seen, what)
	if err != nil {
		return rollout.Roll{}, err
	}
	workers, err := e.workers(ctx, seen, what)
	if err != nil {
		return rollout.Roll{}, err
	}
	return masters.Roll().Then(balancers.Roll()).Then(workers.Roll()).Repair(seen.running, e.leftDrained(seen)), nil
}

// rollAction carries a roll out. Gates ask all hosts that were seen, so all are locked.
func (e *Env) rollAction(step string, seen view, roll rollout.Roll, report Report) (Action, error) {
	locked := whereLocked(seen.hosts, seen.changes)
	if roll.Empty() {
		return Action{Report: report, Locked: locked}, nil
	}
	roller, guests := e.roller(step, seen), newGuests(e)
	roller.Further[rollout.Invite], roller.Further[rollout.Admit] = guests.invite, guests.admit
	return Action{Report: report, Locks: changers(seen.hosts), Locked: locked, LocksEtcd: e.quorumRuns(seen), Do: func(ctx context.Context) (Report, error) {
		defer guests.leave(ctx)
		return done(report, roller.Run(ctx, roll))
	}}, nil
}

func (e *Env) roller(step string, s view) rollout.Roller {
	conns := map[string]remote.Changer{}
	for _, h := range s.hosts {
		conns[h.node.Name] = h.conn
	}
	return rollout.Roller{
		Parallel: e.Spec.SSH.Parallel, GateTimeout: e.Spec.Rollout.GateTimeout.Duration, Conns: conns,
		Asks: map[rollout.Ask]func(context.Context, []string) []cluster.Problem{
			rollout.AskEtcd:        func(ctx context.Context, _ []string) []cluster.Problem { return e.etcdProblems(ctx) },
			rollout.AskAPI:         e.askAPIServers,
			rollout.AskControllers: e.askControllers,
			rollout.AskBalancer:    e.askBalancers,
			rollout.AskBackend:     e.askBackends,
			rollout.AskAddress:     e.askAddress,
			rollout.AskNode:        e.askNodes,
			rollout.AskJoined:      newJoining(e).ask,
			rollout.AskServed:      func(ctx context.Context, hosts []string) []cluster.Problem { return e.askServed(ctx, s, hosts) },
		},
		MoveLeader: e.moveLeader,
		Further:    map[rollout.Verb]rollout.Does{rollout.Register: e.registerNode},
		Locks:      e.hostLocks(),
		Tell: func(phase, host, message string) {
			e.say(Event{Step: step, Phase: phase, Host: host, Message: message})
		},
	}
}

// rollReport is the change in rows, in the order in which it is made; items hold the very value with its gates.
func (e *Env) rollReport(s view, roll rollout.Roll, what []string) Report {
	var report Report
	for _, row := range roll.Rows() {
		report.Changes = append(report.Changes, Change{row.Host, row.What, string(row.Verb), row.Reason})
	}
	for _, turn := range roll.Turns {
		report.Items = append(report.Items, turn)
	}
	left := e.leftOut(s, what)
	switch {
	case roll.Empty():
		report.Notes = append(left, e.asTheyShould(s, what)+", nothing was done")
	case len(report.Changes) == 0:
		report.Notes = append([]string{"nothing is left to start, but not every member that runs is ready: the run ends when the cluster is healthy, or fails"}, left...)
	default:
		report.Notes = append(inTurn(roll), left...)
	}
	return report
}

// chosen: the run is for this host.
func (e *Env) chosen(name string) bool { return len(e.Only) == 0 || slices.Contains(e.Only, name) }
