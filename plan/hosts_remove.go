package plan

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"hardway/cluster"
	"hardway/etcd"
	"hardway/manifests"
	"hardway/rollout"
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
