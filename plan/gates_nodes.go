package plan

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"

	"hardway/cluster"
	"hardway/remote"
	"hardway/worker"
)

// askNodes asks each of these hosts' kubelet and kube-proxy on the host itself, and the API whether the Node is ready.
// Masters that run no pods are not asked.
func (e *Env) askNodes(ctx context.Context, hosts []string) []cluster.Problem {
	return e.eachNode(ctx, hosts, func(ctx context.Context, node cluster.Node) []cluster.Problem {
		problems := e.askLocal(ctx, node)
		report, err := e.nodeReport(ctx, node)
		switch {
		case err != nil:
			return append(problems, unwellNode(node, err.Error()))
		case !report.Ready:
			return append(problems, unwellNode(node, report.Why))
		}
		return problems
	})
}

func (e *Env) eachNode(ctx context.Context, hosts []string, ask func(context.Context, cluster.Node) []cluster.Problem) []cluster.Problem {
	nodes := chosenNodes(e.Spec.Kubelets(), hosts)
	found := make([][]cluster.Problem, len(nodes))
	_ = remote.ForEach(ctx, indices(nodes), e.Spec.SSH.Parallel, func(ctx context.Context, i int) error {
		found[i] = ask(ctx, nodes[i])
		return nil
	})
	return slices.Concat(found...)
}

func (e *Env) askLocal(ctx context.Context, node cluster.Node) []cluster.Problem {
	conn, err := e.connect(ctx, node)
	if err != nil {
		return []cluster.Problem{{Host: node.Name, Message: err.Error(), Hint: "is the host up?"}}
	}
	var problems []cluster.Problem
	for _, h := range worker.Local(node) {
		if err := h.Ask(ctx, conn.Dial); err != nil {
			problems = append(problems, cluster.Problem{
				Host: node.Name, Subject: h.Unit, Message: err.Error(), Hint: fmt.Sprintf("ssh %s journalctl -u %s -n 50", node.Name, h.Unit),
			})
		}
	}
	return problems
}

// nodeReport is what the first API server that answers knows of the node.
func (e *Env) nodeReport(ctx context.Context, node cluster.Node) (worker.Report, error) {
	config, err := e.store().ClientTLS(superAdmin)
	if err != nil {
		return worker.Report{}, err
	}
	for _, master := range e.Spec.With(cluster.RoleControlPlane) {
		address := net.JoinHostPort(master.PrimaryAddress(), strconv.Itoa(cluster.APIServerPort))
		var conn Conn
		if conn, err = e.connect(ctx, master); err != nil {
			continue
		}
		config := config.Clone()
		config.ServerName = master.PrimaryAddress()
		var report worker.Report
		if report, err = worker.AskAPI(ctx, address, node.Name, config, conn.Dial); err == nil {
			return report, nil
		}
		err = fmt.Errorf("no API server tells of it; that of %s %w", master.Name, err)
	}
	return worker.Report{}, err
}

func unwellNode(node cluster.Node, message string) cluster.Problem {
	return cluster.Problem{
		Host: node.Name, Subject: "Node", Message: message, Hint: fmt.Sprintf("ssh %s journalctl -u %s -n 50", node.Name, worker.KubeletUnit),
	}
}

// joining remembers of each node what the API knew of it when it was first asked: its kubelet has just been started then.
type joining struct {
	env  *Env
	mu   sync.Mutex
	seen map[string]worker.Report
}

func newJoining(e *Env) *joining { return &joining{env: e, seen: map[string]worker.Report{}} }

// ask asks whether the kubelets that run now have told the API that they are ready.
func (j *joining) ask(ctx context.Context, hosts []string) []cluster.Problem {
	return j.env.eachNode(ctx, hosts, func(ctx context.Context, node cluster.Node) []cluster.Problem {
		report, err := j.env.nodeReport(ctx, node)
		if err != nil {
			return []cluster.Problem{unwellNode(node, err.Error())}
		}
		if why := report.Since(j.first(node.Name, report)); why != "" {
			return []cluster.Problem{unwellNode(node, why)}
		}
		return nil
	})
}

func (j *joining) first(node string, report worker.Report) worker.Report {
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, ok := j.seen[node]; !ok {
		j.seen[node] = report
	}
	return j.seen[node]
}
