package plan

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"hardway/cluster"
	"hardway/controlplane"
	"hardway/etcd"
	"hardway/remote"
	"hardway/rollout"
	"hardway/worker"
)

// roll is the removal as moves: out of the way first, then off the host, as a reset does it, and out of the cluster in
// between.
func (r *removing) roll() rollout.Roll {
	name := r.node.Name
	var before []rollout.Move
	move := func(wanted bool, verb rollout.Verb, what, reason string) []rollout.Move {
		if !wanted {
			return nil
		}
		return []rollout.Move{{Verb: verb, Hosts: []string{name}, What: what, Reason: reason}}
	}
	healthy := rollout.Move{Verb: rollout.Gate, Hosts: nodeNames(r.others.With(cluster.RoleEtcd)), Asks: []rollout.Ask{askOthers}}
	member, drains := r.member.ID != 0, r.isNode && !r.how.Dead
	before = append(before, move(drains, cordonMove, "Node", "gets no new pods")...)
	before = append(before, move(drains && r.pods > 0, evictMove, count(r.pods, "pod"), "as disruption budgets allow")...)
	if len(r.balancers) > 0 && r.runs(controlplane.APIServerUnit) {
		before = append(before, rollout.Move{Verb: rollout.Drain, Hosts: r.balancers, What: name, Reason: "its API server goes"}, rollout.Move{Verb: rollout.Leave, Hosts: r.balancers, What: name})
	}
	if member {
		before = append(before, healthy)
	}
	leave := r.env.leaveMoves(r.leaving)
	leave = insert(leave, afterKubelet(leave), move(r.isNode, deleteNodeMove, "Node", "its kubelet is gone")...)
	var out []rollout.Move
	if member {
		out = append(move(r.leads && !r.how.Dead, rollout.MoveLeader, etcd.Unit, "its member leads, and leaves"), move(true, removeMove, fmt.Sprintf("%x (%s)", r.member.ID, strings.Join(r.member.PeerURLs, ",")), "leaves while the others are healthy")...)
		out = append(out, healthy)
	}
	leave = insert(leave, beforeEtcd(leave), out...)
	roll := rollout.LeaveRoll([]rollout.Leaving{r.leaving})
	if moves := append(before, leave...); len(moves) > 0 {
		roll.Turns = []rollout.Turn{{Moves: moves}}
	}
	return roll
}

func (r *removing) runs(unit string) bool { return r.leaving.Runs(unit) }

// leaveMoves is the moves by which one host is left.
func (e *Env) leaveMoves(l rollout.Leaving) []rollout.Move {
	roll := rollout.LeaveRoll([]rollout.Leaving{l})
	if roll.Empty() {
		return nil
	}
	return roll.Turns[0].Moves
}

func insert(moves []rollout.Move, at int, more ...rollout.Move) []rollout.Move {
	return slices.Insert(slices.Clone(moves), at, more...)
}

// afterKubelet is where no kubelet can make its Node anew any more.
func afterKubelet(moves []rollout.Move) int {
	return 1 + slices.IndexFunc(moves, func(m rollout.Move) bool { return m.Verb == rollout.Stop && m.What == worker.KubeletUnit })
}

// beforeEtcd is where everything has stopped that needs the host's member, and the member has not.
func beforeEtcd(moves []rollout.Move) int {
	first := []rollout.Verb{rollout.Stop, rollout.Start, rollout.RemovePods, rollout.CleanUp, deleteNodeMove}
	i := slices.IndexFunc(moves, func(m rollout.Move) bool { return m.What == etcd.Unit || !slices.Contains(first, m.Verb) })
	if i < 0 {
		return len(moves)
	}
	return i
}

// locks is on the host, on the balancers that drain it, and on members that answer.
func (r *removing) locks(ctx context.Context) []remote.Changer {
	var conns []remote.Changer
	if r.leaving.Conn != nil {
		conns = append(conns, r.leaving.Conn)
	}
	if r.member.ID != 0 {
		conns = append(conns, r.env.reachable(ctx, r.node.Name)...)
	}
	for _, name := range r.balancers {
		if conn, err := r.env.connect(ctx, r.env.nodeOf(name)); err == nil && !slices.ContainsFunc(conns, func(c remote.Changer) bool { return c.Host() == name }) {
			conns = append(conns, conn)
		}
	}
	return conns
}

func (r *removing) run(ctx context.Context, locks []remote.Changer, roll rollout.Roll) error {
	roller := r.env.lifeRoller("hosts remove", locks, nil)
	roller.Asks[askOthers] = func(ctx context.Context, _ []string) []cluster.Problem {
		evidence, err := r.env.collectEtcd(ctx, nil)
		return append(cluster.ProblemsOf(err), r.env.judgeOthers(r.others, evidence)...)
	}
	roller.Further = map[rollout.Verb]rollout.Does{
		rollout.Stop: roller.StopForGood,
		cordonMove:   func(ctx context.Context, _ rollout.Move, host string) error { return r.client.Cordon(ctx, host) },
		evictMove: func(ctx context.Context, _ rollout.Move, host string) error {
			return r.client.Drain(ctx, host, r.how.Draining)
		},
		deleteNodeMove: func(ctx context.Context, _ rollout.Move, host string) error { return r.client.DeleteNode(ctx, host) },
		removeMove: func(ctx context.Context, _ rollout.Move, _ string) error {
			access, err := r.env.etcdAccess()
			if err != nil {
				return err
			}
			return access.RemoveMember(ctx, r.through, r.member.ID)
		},
	}
	return roller.Run(ctx, roll)
}
