package plan

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"

	"hardway/cluster"
	"hardway/controlplane"
	"hardway/haproxy"
	"hardway/pki"
	"hardway/remote"
)

// askAPIServers asks each of these hosts' API server, from its own host, whether it is ready.
func (e *Env) askAPIServers(ctx context.Context, hosts []string) []cluster.Problem {
	return e.askHealth(ctx, hosts, func(n cluster.Node) []controlplane.Health { return []controlplane.Health{controlplane.Ready(n)} })
}

// askControllers asks each of these hosts' controller-manager and scheduler whether they are well.
func (e *Env) askControllers(ctx context.Context, hosts []string) []cluster.Problem {
	return e.askHealth(ctx, hosts, controlplane.Controllers)
}

func (e *Env) askHealth(ctx context.Context, hosts []string, of func(cluster.Node) []controlplane.Health) []cluster.Problem {
	trust, err := e.store().Trust(pki.Kubernetes)
	if err != nil {
		return cluster.ProblemsOf(err)
	}
	nodes := chosenNodes(e.Spec.With(cluster.RoleControlPlane), hosts)
	e.reach(ctx, nodes)
	found := make([][]cluster.Problem, len(nodes))
	_ = remote.ForEach(ctx, indices(nodes), e.Spec.SSH.Parallel, func(ctx context.Context, i int) error {
		found[i] = e.askHost(ctx, trust, nodes[i], of(nodes[i]))
		return nil
	})
	return slices.Concat(found...)
}

func (e *Env) askHost(ctx context.Context, trust *tls.Config, node cluster.Node, all []controlplane.Health) []cluster.Problem {
	conn, err := e.connect(ctx, node)
	if err != nil {
		return []cluster.Problem{{Host: node.Name, Message: err.Error(), Hint: "is the host up?"}}
	}
	var problems []cluster.Problem
	for _, h := range all {
		if err := h.Ask(ctx, trust, conn.Dial); err != nil {
			problems = append(problems, cluster.Problem{
				Host: node.Name, Subject: h.Unit, Message: err.Error(),
				Hint: fmt.Sprintf("ssh %s journalctl -u %s -n 50", node.Name, h.Unit),
			})
		}
	}
	return problems
}

// askBalancers asks each of these hosts' HAProxy: it takes connections, and every API server that it is configured for and
// that is ready is up there.
func (e *Env) askBalancers(ctx context.Context, hosts []string) []cluster.Problem {
	nodes := chosenNodes(e.Spec.With(cluster.RoleLoadBalancer), hosts)
	unready := map[string]bool{}
	for _, p := range e.askAPIServers(ctx, nodeNames(e.Spec.With(cluster.RoleControlPlane))) {
		unready[p.Host] = true
	}
	found := make([][]cluster.Problem, len(nodes))
	_ = remote.ForEach(ctx, indices(nodes), e.Spec.SSH.Parallel, func(ctx context.Context, i int) error {
		found[i] = e.askBalancer(ctx, nodes[i], unready)
		return nil
	})
	return slices.Concat(found...)
}

func (e *Env) askBalancer(ctx context.Context, node cluster.Node, unready map[string]bool) []cluster.Problem {
	problem := func(format string, args ...any) []cluster.Problem {
		return []cluster.Problem{unsound(node, format, args...)}
	}
	conn, err := e.connect(ctx, node)
	if err != nil {
		return problem("cannot be asked: %v", err)
	}
	servers, err := haproxy.Runtime{Dial: conn.Dial}.Servers(ctx)
	if err != nil {
		return problem("does not answer on its runtime socket: %v", err)
	}
	var problems []cluster.Problem
	if len(servers) == 0 {
		problems = problem("knows no API server: it runs on another configuration")
	}
	for _, server := range servers {
		if !server.Up && !unready[server.Name] && e.serves(server.Name) {
			problems = append(problems, problem("does not find %s up, though its API server is ready", server.Name)...)
		}
	}
	if err := listens(ctx, conn, net.JoinHostPort(node.PrimaryAddress(), strconv.Itoa(e.Spec.Endpoint.Port))); err != nil {
		problems = append(problems, problem("takes no connections: %v", err)...)
	}
	return problems
}

// serves reports whether the node of this name is one with an API server. A balancer whose turn is yet to come may know
// servers that are gone.
func (e *Env) serves(name string) bool {
	return slices.Contains(nodeNames(e.Spec.With(cluster.RoleControlPlane)), name)
}

// askBackends asks each of these hosts' HAProxy for its API servers: every one of the spec has to be among them. Those whose
// turn is yet to come are not asked: they do not know of a new one.
func (e *Env) askBackends(ctx context.Context, hosts []string) []cluster.Problem {
	var problems []cluster.Problem
	for _, node := range chosenNodes(e.Spec.With(cluster.RoleLoadBalancer), hosts) {
		conn, err := e.connect(ctx, node)
		if err != nil {
			problems = append(problems, unsound(node, "cannot be asked: %v", err))
			continue
		}
		servers, err := haproxy.Runtime{Dial: conn.Dial}.Servers(ctx)
		if err != nil {
			problems = append(problems, unsound(node, "does not answer on its runtime socket: %v", err))
			continue
		}
		for _, want := range nodeNames(e.Spec.With(cluster.RoleControlPlane)) {
			if !slices.ContainsFunc(servers, func(s haproxy.ServerState) bool { return s.Name == want }) {
				problems = append(problems, unsound(node, "has no server %s: it runs on another configuration", want))
			}
		}
	}
	return problems
}

// unsound is what is wrong with a balancer.
func unsound(node cluster.Node, format string, args ...any) cluster.Problem {
	return cluster.Problem{
		Host: node.Name, Subject: haproxy.Unit, Message: fmt.Sprintf(format, args...),
		Hint: fmt.Sprintf("ssh %s journalctl -u %s -n 50", node.Name, haproxy.Unit),
	}
}

// listens opens a connection from the host and closes it.
func listens(ctx context.Context, from remote.Looker, address string) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := from.Dial(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return conn.Close()
}

func chosenNodes(nodes []cluster.Node, names []string) []cluster.Node {
	return slices.DeleteFunc(slices.Clone(nodes), func(n cluster.Node) bool { return !slices.Contains(names, n.Name) })
}
