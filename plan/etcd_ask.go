package plan

import (
	"context"
	"fmt"
	"net"
	"strconv"

	"hardway/cluster"
	"hardway/etcd"
	"hardway/remote"
	"hardway/rollout"
)

// etcdClient is the certificate that operators speak to etcd with.
const etcdClient = "etcd-admin"

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
	evidence, err := e.collectEtcd(ctx, units)
	if err != nil {
		return nil, nil, err
	}
	members, problems := etcd.Judge(e.Spec, evidence)
	return members, problems, nil
}

// collectEtcd is what every member says.
func (e *Env) collectEtcd(ctx context.Context, units []etcd.DeliveredUnit) (etcd.Evidence, error) {
	access, err := e.etcdAccess()
	if err != nil {
		return etcd.Evidence{}, err
	}
	e.reach(ctx, e.Spec.With(cluster.RoleEtcd))
	return etcd.Collect(ctx, e.Spec, access.Config, access.Dial, units), nil
}

// etcdAccess is how operators get at members.
func (e *Env) etcdAccess() (etcd.Access, error) {
	config, err := e.store().ClientTLS(etcdClient)
	return etcd.Access{Config: config, Dial: e.dialMember}, err
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

// moveLeader hands the lead away from a host before its member is restarted. A single member has nobody to hand it to.
func (e *Env) moveLeader(ctx context.Context, away string, hold etcd.Hold) error {
	if len(e.Spec.With(cluster.RoleEtcd)) == 1 {
		return nil
	}
	config, err := e.store().ClientTLS(etcdClient)
	if err != nil {
		return err
	}
	return etcd.MoveLeader(ctx, e.Spec, config, e.dialMember, away, hold)
}

// etcdProblems is what the gates between two changes of members ask.
func (e *Env) etcdProblems(ctx context.Context) []cluster.Problem {
	_, problems, err := e.judgeEtcd(ctx, nil)
	return append(cluster.ProblemsOf(err), problems...)
}
