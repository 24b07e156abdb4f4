package plan

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"hardway/cluster"
	"hardway/etcd"
	"hardway/haproxy"
	"hardway/rollout"
)

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
		return nil //nolint:nilerr // it does not answer, as was said
	case r.how.Dead:
		return cluster.Problems{{Host: r.node.Name, Subject: "--dead", Message: "answers: what runs on it would go on", Hint: "leave --dead out"}}
	case err != nil:
		return append(cluster.Problems(slices.Clone(cluster.ProblemsOf(err))), cluster.Problem{
			Host: r.node.Name, Message: "nothing was done", Hint: "start it; where it is gone for good, --dead removes it without asking it",
		})
	}
	r.leaving, err = rollout.TakeLeave(ctx, conn, rollout.Want{Node: r.node, Run: r.env.run, Confirm: r.env.hostLocks().Confirm}, etcd.SnapshotFiles(r.env.Spec), false)
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
	client, unready := r.env.apiServerAmong(ctx, r.others.With(cluster.RoleControlPlane))
	if client == nil {
		if r.unasked = r.node.Address == nil && r.member.ID != 0; r.unasked {
			return nil, nil
		}
		if r.node.Address == nil || r.env.Spec.RunsKubelet(&r.node) {
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
