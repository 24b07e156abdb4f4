package plan

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"hardway/cluster"
	"hardway/controlplane"
	"hardway/etcd"
	"hardway/haproxy"
	"hardway/manifests"
	"hardway/remote"
	"hardway/rollout"
	"hardway/worker"
)

// The moves of a removal, besides those of a reset and of etcd's.
const (
	cordonMove     rollout.Verb = "cordon"
	evictMove      rollout.Verb = "evict"
	deleteNodeMove rollout.Verb = "delete-node"
)

// askOthers is the health of etcd without the host that is removed, whether that is still in the member list or not.
const askOthers rollout.Ask = "etcd of the others"

// Removing is how a host is taken out.
type Removing struct {
	manifests.Draining
	// Dead: the machine is gone for good. Nothing is done on it, and it may be missing in the spec.
	Dead bool
	// Approve is as for a reset.
	Approve func(shown string) error
}

// HostsRemove takes a host out of the cluster.
func HostsRemove(e *Env, name string, how Removing) Step {
	return Step{
		Path:    []string{"hosts", "remove"},
		Summary: "drain a host and take it out of the cluster; then take it out of cluster.yaml",
		Why: "A host that is only taken out of cluster.yaml stays what it was to the others: a member that counts for etcd's quorum, a Node " +
			"with pods. So its pods are evicted as disruption budgets allow, its API server loses its clients before it stops, its member leaves " +
			"while all others are healthy, its Node goes; then all that hardway put on it does. Never the last of a kind, and never against the quorum.",
		ByHand: removeByHand,
		Plan:   func(ctx context.Context) (Action, error) { return e.planRemove(ctx, name, how) },
	}
}

// removing is a removal that is planned.
type removing struct {
	env  *Env
	how  Removing
	node cluster.Node
	// others is the hosts without it.
	others *cluster.Spec
	// member is its row of the member list; zero where it is in none.
	member  etcd.ListedMember
	through cluster.Node
	leads   bool
	// client is of an API server that is ready and stays; nil without one. pods is how many it is asked to evict.
	client *manifests.Client
	isNode bool
	pods   int
	// unasked: no API server could say whether it is a Node.
	unasked bool
	// balancers is those that drain its API server.
	balancers []string
	leaving   rollout.Leaving
}

func (e *Env) planRemove(ctx context.Context, name string, how Removing) (Action, error) {
	r, err := e.newRemoval(name, how)
	if err != nil {
		return Action{}, err
	}
	if err := r.onHost(ctx); err != nil {
		return Action{}, err
	}
	for _, look := range []func(context.Context) (cluster.Problems, error){r.inEtcd, r.inAPI, r.onBalancers} {
		problems, err := look(ctx)
		if err := firstOf(err, problems.OrNil()); err != nil {
			return Action{}, err
		}
	}
	roll := r.roll()
	report := lifeReport(roll)
	if roll.Empty() {
		report.Notes = append([]string{name + " is no member, no Node, and nothing of hardway's is on it"}, r.then()...)
		return Action{Report: report}, nil
	}
	report.Notes = append(report.Notes, r.then()...)
	locks := r.locks(ctx)
	return Action{Report: report, Locks: locks, LocksEtcd: r.member.ID != 0, Do: func(ctx context.Context) (Report, error) {
		if err := how.Approve(rowsText(report.Changes)); err != nil {
			return Report{}, err
		}
		return done(report, r.run(ctx, locks, roll))
	}}, nil
}

// newRemoval refuses what would leave none of a kind.
func (e *Env) newRemoval(name string, how Removing) (*removing, error) {
	node, inSpec := e.Spec.Node(name)
	if !inSpec && !how.Dead {
		return nil, cluster.Problems{{Subject: name, Message: "is no host of the spec, which says how it is reached",
			Hint: "take it out of cluster.yaml afterwards; --dead removes one whose machine is gone, whether the spec has it or not"}}
	}
	others := *e.Spec
	others.Hosts = slices.DeleteFunc(slices.Clone(e.Spec.Hosts), func(n cluster.Node) bool { return n.Name == name })
	r := &removing{env: e, how: how, node: node, others: &others}
	r.node.Name = name
	var problems cluster.Problems
	for _, role := range []cluster.Role{cluster.RoleEtcd, cluster.RoleControlPlane, cluster.RoleLoadBalancer} {
		if node.Has(role) && len(others.With(role)) == 0 {
			problems = append(problems, cluster.Problem{Host: name, Subject: "roles", Message: fmt.Sprintf("is the only host with the role %s", role),
				Hint: "give the role to another host first, and run `hardway up`; or take the whole cluster off with `hardway reset`"})
		}
	}
	return r, problems.OrNil()
}

// onHost looks at the host itself: one that is said to be dead must not answer, any other must.
func (r *removing) onHost(ctx context.Context) error {
	if r.node.Address == nil {
		return nil
	}
	conn, err := r.env.connect(ctx, r.node)
	switch {
	case r.how.Dead && err != nil:
		return nil
	case r.how.Dead:
		return cluster.Problems{{Host: r.node.Name, Subject: "--dead", Message: "answers: what runs on it would go on", Hint: "leave --dead out"}}
	case err != nil:
		return append(cluster.Problems(slices.Clone(cluster.ProblemsOf(err))), cluster.Problem{
			Host: r.node.Name, Message: "nothing was done", Hint: "start it; where it is gone for good, --dead removes it without asking it",
		})
	}
	r.leaving, err = rollout.TakeLeave(ctx, conn, rollout.Want{Node: r.node, Run: r.env.run, Confirm: r.env.hostLocks().Confirm}, r.env.Spec.Etcd.Snapshots.Dir, false)
	return err
}

// inEtcd finds its member, which may leave only while all others are healthy.
func (r *removing) inEtcd(ctx context.Context) (cluster.Problems, error) {
	evidence, err := r.env.collectEtcd(ctx, nil)
	if err != nil {
		return nil, err
	}
	row, listed, known := etcd.Listed(r.env.Spec, evidence, r.node)
	switch {
	case !known && (r.node.Has(cluster.RoleEtcd) || r.how.Dead):
		return cluster.Problems{{Host: r.node.Name, Subject: "member list", Message: "no member of etcd tells who is one", Hint: "hardway etcd status"}}, nil
	case !listed:
		return nil, nil
	}
	r.member = row
	unwell := r.env.judgeOthers(r.others, evidence)
	for i := range unwell {
		unwell[i].Message += fmt.Sprintf(": %s is not removed while another member is not well", r.node.Name)
	}
	for _, m := range evidence.Members {
		if m.ID == row.ID && m.ID == m.Leader {
			r.leads = true
		} else if m.Error == "" && m.ID != 0 && (r.through.Name == "" || m.ID == m.Leader) && m.Host != r.node.Name {
			r.through = r.env.nodeOf(m.Host)
		}
	}
	if len(unwell) == 0 && r.through.Name == "" {
		return nil, errors.New("no other member of etcd answers")
	}
	return unwell, nil
}

// judgeOthers is what is wrong with etcd without the host: strangers in the list are not, for it is one of them.
func (e *Env) judgeOthers(others *cluster.Spec, evidence etcd.Evidence) []cluster.Problem {
	evidence.Members = slices.DeleteFunc(slices.Clone(evidence.Members), func(m etcd.MemberEvidence) bool {
		return !slices.Contains(nodeNames(others.With(cluster.RoleEtcd)), m.Host)
	})
	_, problems := etcd.Judge(others, evidence)
	return slices.DeleteFunc(problems, func(p cluster.Problem) bool { return p.Host == "" && p.Subject == "member list" })
}

// inAPI finds its Node and the pods to evict, through an API server that stays.
func (r *removing) inAPI(ctx context.Context) (cluster.Problems, error) {
	spec := r.env.Spec
	r.env.Spec = r.others
	client, unready := r.env.apiServer(ctx)
	r.env.Spec = spec
	if client == nil {
		if r.unasked = r.node.Address == nil && r.member.ID != 0; r.unasked {
			return nil, nil
		}
		if r.node.Address == nil || spec.RunsKubelet(&r.node) {
			return append(cluster.Problems(cluster.ProblemsOf(unready)), cluster.Problem{Subject: "Node", Message: "no API server that stays is ready", Hint: "hardway apply controlplane"}), nil
		}
		return nil, nil
	}
	r.client = client
	there, ready, err := client.HasNode(ctx, r.node.Name)
	if err != nil || !there {
		return nil, err
	}
	r.isNode = true
	if r.how.Dead {
		if ready {
			return cluster.Problems{{Host: r.node.Name, Subject: "--dead", Message: "its kubelet says that it is ready", Hint: "leave --dead out; a kubelet that died is known for it after 40 seconds"}}, nil
		}
		return nil, nil
	}
	pods, problems, err := client.PodsToEvict(ctx, r.node.Name, r.how.Draining)
	r.pods = len(pods)
	return problems, err
}

// onBalancers finds those that know its API server.
func (r *removing) onBalancers(ctx context.Context) (cluster.Problems, error) {
	if !r.node.Has(cluster.RoleControlPlane) || r.how.Dead {
		return nil, nil
	}
	for _, balancer := range r.others.With(cluster.RoleLoadBalancer) {
		conn, err := r.env.connect(ctx, balancer)
		if err != nil {
			return nil, err
		}
		servers, err := haproxy.Runtime{Dial: conn.Dial}.Servers(ctx)
		if err == nil && slices.ContainsFunc(servers, func(s haproxy.ServerState) bool { return s.Name == r.node.Name }) {
			r.balancers = append(r.balancers, balancer.Name)
		}
	}
	return nil, nil
}

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

// then is what is left to do for a person.
func (r *removing) then() []string {
	var notes []string
	if r.unasked {
		notes = append(notes, "no API server is ready: whether it was a Node nobody could say; if so, kubectl delete node "+r.node.Name)
	}
	if _, inSpec := r.env.Spec.Node(r.node.Name); inSpec {
		notes = append(notes, "then take "+r.node.Name+" out of cluster.yaml and run `hardway up`: others forget it, too; with it, `up` would bring it back")
	} else {
		notes = append(notes, "then run `hardway up`: others forget it, too")
	}
	for other, cidrs := range r.env.Spec.PodNetworks() {
		if now := r.others.PodCIDRs(*other); other.Name != r.node.Name && !slices.Equal(now, cidrs) {
			notes = append(notes, fmt.Sprintf("write podCIDR: %s to %s in cluster.yaml: without %s it would be counted otherwise, and a Node never gets another pod network",
				flow(cidrs), other.Name, r.node.Name))
		}
	}
	if left := len(r.others.With(cluster.RoleEtcd)); r.member.ID != 0 && left%2 == 0 {
		notes = append(notes, fmt.Sprintf("%d members are left, which bear no more losses than %d would: put another one in its place (docs/hosts.md)", left, left-1))
	}
	return notes
}

// flow is one or more words as YAML has them on a line.
func flow(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	return "[" + strings.Join(words, ", ") + "]"
}
