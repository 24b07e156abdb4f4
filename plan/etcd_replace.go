package plan

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"hardway/cluster"
	"hardway/etcd"
	"hardway/remote"
	"hardway/rollout"
)

// The moves of a replacement.
const (
	removeMove  rollout.Verb = "remove-member"
	learnerMove rollout.Verb = "add-learner"
	joinMove    rollout.Verb = "arm"
	promoteMove rollout.Verb = "promote"
)

// Replacing is how a member is replaced.
type Replacing struct {
	// Force replaces one that could be started as well.
	Force bool
	// Within is how long a learner may take to catch up; zero is the time of gates.
	Within time.Duration
}

// EtcdReplace puts a new member in the place of a dead one: on the host of that name in the spec, which may be a new machine
// with another address.
func EtcdReplace(e *Env, name string, how Replacing) Step {
	return Step{
		Path:    []string{"etcd", "replace"},
		Summary: "put a new member in the place of one that is dead or was wiped",
		Why: "A member that lost its data may not simply start again: it has promised things that it does not remember. It is removed, and " +
			"added anew as a learner, which does not count for the quorum until it has caught up; then it gets its vote. One that does not catch up " +
			"in time is taken out again. Without a quorum of the others nothing is done. Run again, it goes on from where it was cut off.",
		ByHand: replaceByHand,
		Plan:   func(ctx context.Context) (Action, error) { return e.planReplace(ctx, name, how) },
	}
}

// replacing is a replacement that is planned.
type replacing struct {
	env     *Env
	node    cluster.Node
	through cluster.Node
	within  time.Duration
	aside   string
	host    rollout.Host
	etcd.Replacement
}

func (e *Env) planReplace(ctx context.Context, name string, how Replacing) (Action, error) {
	node, ok := e.Spec.Node(name)
	if !ok || !node.Has(cluster.RoleEtcd) {
		return Action{}, cluster.Problems{{Subject: name, Message: "is no etcd host of the spec", Hint: fmt.Sprintf("one of %v", nodeNames(e.Spec.With(cluster.RoleEtcd)))}}
	}
	evidence, err := e.collectEtcd(ctx, nil)
	if err != nil {
		return Action{}, err
	}
	seen, facts, err := e.viewReplaced(ctx, node)
	if err != nil {
		return Action{}, err
	}
	decision, problems := etcd.DecideReplace(e.Spec, evidence, node, facts, how.Force)
	_, change := seen.of(name)
	problems = append(problems, rollout.MissingBinaries(change, etcd.Component, etcd.Binary)...)
	if err := problems.OrNil(); err != nil {
		return Action{}, err
	}
	if decision.Idle() {
		return Action{Report: Report{Notes: []string{name + " is a healthy member: nothing was done"}}}, nil
	}
	r := replacing{
		env: e, node: node, within: how.Within, host: seen.part(name, []string{etcd.Component}), Replacement: decision,
		aside: etcd.MemberDir + ".before-" + e.run.At.UTC().Format("20060102T150405Z"),
	}
	if r.within == 0 {
		r.within = e.Spec.Rollout.GateTimeout.Duration
	}
	if r.through, err = e.answering(evidence); err != nil {
		return Action{}, err
	}
	locks := append(e.reachable(ctx, name), seen.hosts[0].conn)
	roll := r.roll()
	report := lifeReport(roll)
	return Action{Report: report, Locks: locks, LocksEtcd: true, Do: func(ctx context.Context) (Report, error) {
		return done(report, e.lifeRoller("etcd replace", locks, r.moves()).Run(ctx, roll))
	}}, nil
}

// viewReplaced looks at the host of the new member alone: others may be away.
func (e *Env) viewReplaced(ctx context.Context, node cluster.Node) (view, etcd.ReplaceFacts, error) {
	wants, err := e.rendered([]cluster.Node{node})
	if err != nil {
		return view{}, etcd.ReplaceFacts{}, err
	}
	hosts, err := e.dial(ctx, wants)
	if err != nil {
		return view{}, etcd.ReplaceFacts{}, err
	}
	changes, err := e.compare(ctx, hosts)
	if err != nil {
		return view{}, etcd.ReplaceFacts{}, err
	}
	join, err := etcd.JoinEnv().Content.SHA256()
	seen := rollout.EtcdFacts(changes[0], "")
	return view{hosts: hosts, changes: changes}, etcd.ReplaceFacts{
		Running: seen.Running, DataEmpty: seen.DataEmpty, LogEmpty: seen.LogEmpty,
		Armed: changes[0].State.Paths[etcd.BootstrapPath].SHA256 == join,
	}, err
}

// reachable is the connections to the other etcd hosts, as far as there are any.
func (e *Env) reachable(ctx context.Context, but string) []remote.Changer {
	var conns []remote.Changer
	for _, node := range e.Spec.With(cluster.RoleEtcd) {
		if node.Name == but {
			continue
		}
		if conn, err := e.connect(ctx, node); err == nil {
			conns = append(conns, conn)
		}
	}
	return conns
}

// roll is one turn without a host to put back: what fails is taken back by the move that fails, or gone on with by the next
// run.
func (r replacing) roll() rollout.Roll {
	name := r.node.Name
	others := slices.DeleteFunc(slices.Clone(r.Well), func(n string) bool { return n == name })
	quorum := rollout.Move{Verb: rollout.Gate, Hosts: others, Asks: []rollout.Ask{rollout.AskEtcd}}
	var roll rollout.Roll
	moves := []rollout.Move{quorum}
	add := func(wanted bool, verb rollout.Verb, what, reason string) {
		if wanted {
			moves = append(moves, rollout.Move{Verb: verb, Hosts: []string{name}, What: what, Reason: reason, NoWait: verb == rollout.Start})
		}
	}
	if !r.host.Idle() {
		roll.Batch = rollout.Batch{r.host}
		add(true, rollout.Commit, "", "")
	}
	add(r.Stop, rollout.Stop, etcd.Unit, "is no member any more")
	add(r.Remove.ID != 0, removeMove, r.member(), "is dead, or holds no data")
	add(r.MoveAside, moveAsideMove, etcd.MemberDir, "kept as "+r.aside)
	if r.Add {
		moves = append(moves, quorum)
	}
	add(r.Add, learnerMove, r.node.PeerURL(), "does not vote until it has caught up")
	add(r.Arm, joinMove, etcd.BootstrapPath, "may start without data, this once, into the cluster that it was added to")
	add(r.Start && r.host.Change.State.Units[etcd.Unit].Enabled != "enabled", rollout.Enable, etcd.Unit, "does not start at boot")
	add(r.Start, rollout.Start, etcd.Unit, "is not running")
	add(true, promoteMove, r.node.PeerURL(), fmt.Sprintf("votes once it has caught up, within %s", r.within))
	all := rollout.Move{Verb: rollout.Gate, Hosts: append(others, name), Asks: []rollout.Ask{rollout.AskEtcd}}
	roll.Turns = []rollout.Turn{{Moves: append(moves, all)}}
	return roll
}

// member is the one to remove, for a person.
func (r replacing) member() string { return fmt.Sprintf("%x (%v)", r.Remove.ID, r.Remove.PeerURLs) }

func (r replacing) moves() map[rollout.Verb]rollout.Does {
	through := func(do func(context.Context, etcd.Access) error) rollout.Does {
		return func(ctx context.Context, _ rollout.Move, _ string) error {
			access, err := r.env.etcdAccess()
			if err != nil {
				return err
			}
			return do(ctx, access)
		}
	}
	return map[rollout.Verb]rollout.Does{
		removeMove: through(func(ctx context.Context, a etcd.Access) error { return a.RemoveMember(ctx, r.through, r.Remove.ID) }),
		moveAsideMove: func(ctx context.Context, m rollout.Move, _ string) error {
			// What let data of before start does not let a new member start with it.
			if err := r.host.Conn.Do(ctx, remote.Remove(etcd.BootstrapPath)); err != nil {
				return err
			}
			return r.host.Conn.Rename(ctx, m.What, r.aside)
		},
		learnerMove: through(func(ctx context.Context, a etcd.Access) error { return a.AddLearner(ctx, r.through, r.node) }),
		joinMove: func(ctx context.Context, _ rollout.Move, _ string) error {
			return deliver(ctx, r.host.Conn, etcd.JoinEnv())
		},
		promoteMove: through(r.promote),
	}
}

// promote waits, and takes a learner that does not catch up out again: the others are then as they were without it.
func (r replacing) promote(ctx context.Context, a etcd.Access) error {
	err := a.Promote(ctx, r.through, r.node, r.within)
	if !errors.Is(err, etcd.ErrLagging) {
		return err
	}
	back := cluster.Problem{
		Host: r.node.Name, Subject: etcd.Unit, Message: fmt.Sprintf("%v; it was taken out of the cluster again and stopped, the others are as before", err),
		Hint: fmt.Sprintf("ssh %s journalctl -u etcd -n 50; then the same command again, with --within for a large database or a slow network", r.node.Name),
	}
	if failed := r.takeOut(ctx, a); failed != nil {
		back.Message = fmt.Sprintf("%v; taking it out again failed: %v", err, failed)
	}
	return cluster.Problems{back}
}

func (r replacing) takeOut(ctx context.Context, a etcd.Access) error {
	id, err := a.LearnerOf(ctx, r.through, r.node)
	if err == nil && id != 0 {
		err = a.RemoveMember(ctx, r.through, id)
	}
	return errors.Join(err,
		r.host.Conn.Do(ctx, remote.Systemctl("stop", etcd.Unit)),
		r.host.Conn.Do(ctx, remote.Remove(etcd.BootstrapPath)))
}
