package plan

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"hardway/cluster"
	"hardway/etcd"
	"hardway/remote"
	"hardway/rollout"
)

// Resetting is how hosts are reset.
type Resetting struct {
	// Snapshots takes etcd's own snapshots off the hosts, too.
	Snapshots bool
	// Approve is shown what goes from how many hosts, after these are locked and before anything is changed; its error ends
	// the run.
	Approve func(shown string, hosts int) error
}

const (
	resetSummary = "take everything off hosts again that hardway put there, after asking"
	resetWhy     = "What was delivered is recorded on each host, and so is what stood there before: so a reset needs nothing but the spec and " +
		"known_hosts. Files, users, directories and data that came with hardway go; what they replaced comes back, and units of the distribution " +
		"run again as they did. Workers go first, then balancers, then masters, etcd last. Cut off anywhere, the same command finishes it."
)

// Reset takes hardway off hosts.
func Reset(e *Env, how Resetting) Step {
	return Step{
		Path: []string{"reset"}, Summary: resetSummary, Why: resetWhy, ByHand: resetByHand,
		Plan: func(ctx context.Context) (Action, error) { return e.planReset(ctx, how) },
	}
}

func (e *Env) planReset(ctx context.Context, how Resetting) (Action, error) {
	nodes, err := e.nodes()
	if err != nil {
		return Action{}, err
	}
	leavings, err := e.leavings(ctx, nodes, how)
	if err != nil {
		return Action{}, err
	}
	if err := e.refuseMembers(ctx, nodes, leavings).OrNil(); err != nil {
		return Action{}, err
	}
	return e.resetAction("reset", leavings, rollout.LeaveRoll(byTurn(e.Spec, leavings)...), how), nil
}

// leavings looks at every host; nothing begins unless all of them answer.
func (e *Env) leavings(ctx context.Context, nodes []cluster.Node, how Resetting) ([]rollout.Leaving, error) {
	out := make([]rollout.Leaving, len(nodes))
	through := e.counting(PhaseConnect, len(nodes))
	err := remote.ForEach(ctx, indices(nodes), e.Spec.SSH.Parallel, func(ctx context.Context, i int) error {
		conn, err := e.connect(ctx, nodes[i])
		if err != nil {
			return err
		}
		out[i], err = rollout.TakeLeave(ctx, conn, rollout.Want{Node: nodes[i], Run: e.run, Confirm: e.hostLocks().Confirm}, etcd.SnapshotFiles(e.Spec), how.Snapshots)
		through(nodes[i].Name)
		return err
	})
	if err != nil {
		return nil, append(cluster.Problems(slices.Clone(cluster.ProblemsOf(err))), cluster.Problem{
			Message: "nothing was taken off any host: all of them have to answer first", Hint: "--only HOST,… goes on without those that are gone",
		})
	}
	return out, nil
}

// byTurn is hosts in the order in which they go: workers, balancers, masters.
func byTurn(spec *cluster.Spec, leavings []rollout.Leaving) [][]rollout.Leaving {
	turns := make([][]rollout.Leaving, leavingTurns)
	for _, l := range leavings {
		node, _ := spec.Node(l.Change.Host)
		turns[leavingTurn(node)] = append(turns[leavingTurn(node)], l)
	}
	return turns
}

const leavingTurns = 3

func leavingTurn(node cluster.Node) int {
	switch {
	case node.Has(cluster.RoleEtcd), node.Has(cluster.RoleControlPlane):
		return 2
	case node.Has(cluster.RoleLoadBalancer):
		return 1
	}
	return 0
}

// resetAction carries out a roll by which hosts are left.
func (e *Env) resetAction(step string, leavings []rollout.Leaving, roll rollout.Roll, how Resetting) Action {
	report := lifeReport(roll)
	var locks []remote.Changer
	for _, l := range leavings {
		if l.Delivered {
			locks = append(locks, l.Conn)
		}
	}
	if roll.Empty() {
		report.Notes = append(report.Notes, count(len(leavings), "host")+" looked at, nothing of hardway's is there")
		return Action{Report: report}
	}
	report.Notes = append(report.Notes, e.leftBehind(how)...)
	return Action{Report: report, Locks: locks, Do: func(ctx context.Context) (Report, error) {
		if err := how.Approve(rowsText(report.Changes), len(locks)); err != nil {
			return Report{}, err
		}
		roller := e.lifeRoller(step, locks, nil)
		roller.Further = map[rollout.Verb]rollout.Does{rollout.Stop: roller.StopForGood}
		return done(report, roller.Run(ctx, roll))
	}}
}

// leftBehind is what a reset does not touch, for a person.
func (e *Env) leftBehind(how Resetting) []string {
	notes := []string{"images that containers were made of stay, and settings of the kernel until the next boot; swap that `preflight --fix` masked stays off: systemctl unmask"}
	if dir := e.Spec.Etcd.Snapshots.Dir; e.Spec.Etcd.Snapshots.On() && !how.Snapshots {
		notes = append(notes, "snapshots of etcd stay on their hosts, in "+dir+": --snapshots takes them off, too")
	}
	if len(e.Only) > 0 {
		notes = append(notes, "what a cluster that goes on knows of these hosts stays, such as their Nodes: `hardway hosts remove HOST` takes that, too")
	}
	return notes
}

func rowsText(changes []Change) string {
	var lines []string
	for _, c := range changes {
		lines = append(lines, fmt.Sprintf("%s: %s %s (%s)", c.Host, c.Action, c.Subject, c.Reason))
	}
	return strings.Join(lines, "\n")
}

// refuseMembers: a member of a cluster that goes on without it is taken out of it first, or it would be missing there for
// good. What is a member etcd itself says, where the work directory can ask it; the data on the host does else.
func (e *Env) refuseMembers(ctx context.Context, nodes []cluster.Node, leavings []rollout.Leaving) cluster.Problems {
	stay := slices.DeleteFunc(e.Spec.With(cluster.RoleEtcd), func(n cluster.Node) bool { return slices.Contains(nodeNames(nodes), n.Name) })
	running := e.runningMembers(ctx, stay)
	if len(running) == 0 && e.ledFromElsewhere(ctx, nodes) {
		running = nodeNames(stay)
	}
	if len(running) == 0 {
		return nil
	}
	var problems cluster.Problems
	for i, node := range nodes {
		if !node.Has(cluster.RoleEtcd) || !leavings[i].Member || !e.mayBeMember(ctx, node) {
			continue
		}
		problems = append(problems, cluster.Problem{
			Host: node.Name, Subject: etcd.Unit, Message: fmt.Sprintf("is a member of the cluster that goes on on %s: without it, it would lack a member for good", strings.Join(running, ", ")),
			Hint: fmt.Sprintf("hardway hosts remove %s; or reset all hosts", node.Name),
		})
	}
	return problems
}

// ledFromElsewhere reports whether members that are to be reset have a leader although they are no quorum by themselves: others
// run then, whether their hosts answer here or not.
func (e *Env) ledFromElsewhere(ctx context.Context, nodes []cluster.Node) bool {
	evidence, err := e.collectEtcd(ctx, nil)
	if err != nil {
		return false
	}
	led, theirs := false, 0
	for _, m := range evidence.Members {
		if slices.Contains(nodeNames(nodes), m.Host) {
			theirs++
			led = led || m.Leader != 0
		}
	}
	return led && 2*theirs <= len(evidence.Members)
}

// runningMembers is those of the nodes on which etcd runs, as far as they answer.
func (e *Env) runningMembers(ctx context.Context, nodes []cluster.Node) []string {
	runs := make([]bool, len(nodes))
	_ = remote.ForEach(ctx, indices(nodes), e.Spec.SSH.Parallel, func(ctx context.Context, i int) error {
		conn, err := e.connect(ctx, nodes[i])
		if err != nil {
			return err
		}
		state, err := conn.Look(ctx, remote.Query{Units: []string{etcd.Unit}})
		runs[i] = state.Units[etcd.Unit].Running()
		return err
	})
	var names []string
	for i, n := range nodes {
		if runs[i] {
			names = append(names, n.Name)
		}
	}
	return names
}

// mayBeMember is false only where the members themselves say that the node is none of them.
func (e *Env) mayBeMember(ctx context.Context, node cluster.Node) bool {
	evidence, err := e.collectEtcd(ctx, nil)
	if err != nil {
		return true
	}
	_, listed, known := etcd.Listed(e.Spec, evidence, node)
	return listed || !known
}
