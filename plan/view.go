package plan

import (
	"context"
	"slices"

	"hardway/cluster"
	"hardway/controlplane"
	"hardway/haproxy"
	"hardway/remote"
	"hardway/rollout"
	"hardway/worker"
)

// view is what an apply has seen before it decides: differences of masters and balancers, also of those that the run is
// not limited to. Whether a member may start is decided by all of them together, and a gate asks all.
type view struct {
	hosts   []host
	changes []rollout.Change
	// running is the balancers that run, servers what each says of the API servers.
	running []string
	servers map[string][]haproxy.ServerState
}

func (s view) of(name string) (host, rollout.Change) {
	i := slices.IndexFunc(s.changes, func(c rollout.Change) bool { return c.Host == name })
	if i < 0 {
		return host{}, rollout.Change{}
	}
	return s.hosts[i], s.changes[i]
}

// viewOf looks at every host that the components or their gates concern.
func (e *Env) viewOf(ctx context.Context, what []string) (view, error) {
	nodes := slices.DeleteFunc(slices.Clone(e.Spec.Hosts), func(n cluster.Node) bool {
		return !concernsGates(n) && (!applies(what, worker.Component) || !worker.On(e.Spec, n))
	})
	if slices.Equal(what, []string{haproxy.Component}) {
		// Masters are asked after their health and not changed: one that is away is no hindrance.
		nodes = e.Spec.With(cluster.RoleLoadBalancer)
	}
	if slices.Equal(what, []string{worker.Component}) {
		// Masters are asked of nodes, through whichever of them answers.
		nodes = slices.DeleteFunc(slices.Clone(e.Spec.Hosts), func(n cluster.Node) bool { return !worker.On(e.Spec, n) || !e.chosen(n.Name) })
	}
	wants, err := e.rendered(nodes)
	if err != nil {
		return view{}, err
	}
	return e.viewWants(ctx, wants)
}

// concernsGates: whether all is well is asked of masters and balancers.
func concernsGates(n cluster.Node) bool {
	return n.Has(cluster.RoleEtcd) || n.Has(cluster.RoleControlPlane) || n.Has(cluster.RoleLoadBalancer)
}

// viewWants compares hosts with what they are to hold.
func (e *Env) viewWants(ctx context.Context, wants []rollout.Want) (view, error) {
	hosts, err := e.dial(ctx, wants)
	if err != nil {
		return view{}, err
	}
	changes, err := e.compare(ctx, hosts)
	if err != nil {
		return view{}, err
	}
	s := view{hosts: hosts, changes: changes, servers: map[string][]haproxy.ServerState{}}
	return s, e.viewBalancers(ctx, &s)
}

// viewBalancers asks each balancer that runs. One that does not answer has no clients to be drained of, or cannot be
// asked to; the moves that need it will say so.
func (e *Env) viewBalancers(ctx context.Context, s *view) error {
	var running []host
	for i, c := range s.changes {
		unit := c.State.Units[haproxy.Unit]
		// Without inputs it is what the distribution started on a configuration of its own.
		if s.hosts[i].node.Has(cluster.RoleLoadBalancer) && unit.Running() && unit.Inputs != "" {
			running = append(running, s.hosts[i])
			s.running = append(s.running, c.Host)
		}
	}
	states := make([][]haproxy.ServerState, len(running))
	err := remote.ForEach(ctx, indices(running), e.Spec.SSH.Parallel, func(ctx context.Context, i int) (err error) {
		states[i], err = haproxy.Runtime{Dial: running[i].conn.Dial}.Servers(ctx)
		return err
	})
	for i, h := range running {
		s.servers[h.node.Name] = states[i]
	}
	return err
}

// leftDrained is the servers that are drained now, by balancer, as far as the run is for either: this run has not begun,
// so an earlier one was cut off.
func (e *Env) leftDrained(s view) map[string][]string {
	out := map[string][]string{}
	for _, balancer := range s.running {
		for _, server := range s.servers[balancer] {
			if server.Drained && (e.chosen(balancer) || e.chosen(server.Name)) {
				out[balancer] = append(out[balancer], server.Name)
			}
		}
	}
	return out
}

// watched is the paths to look at besides a component's files.
func watched(spec *cluster.Spec, node cluster.Node) []string {
	var paths []string
	if node.Has(cluster.RoleEtcd) {
		paths = append(paths, rollout.EtcdWatch()...)
	}
	if node.Has(cluster.RoleControlPlane) {
		paths = append(paths, controlplane.Programs()...)
	}
	if spec.RunsKubelet(&node) {
		paths = append(paths, worker.Programs()...)
		paths = append(paths, worker.PluginPaths(spec)...)
		paths = append(paths, kubeletsOwn(spec)...)
	}
	return paths
}

// part is a host with those of the components that it runs.
func (s view) part(name string, what []string) rollout.Host {
	h, c := s.of(name)
	var mine []string
	for _, component := range what {
		if slices.Contains(c.Components(), component) {
			mine = append(mine, component)
		}
	}
	return rollout.Host{Conn: h.conn, Change: c, Components: mine}
}

func applies(what []string, name string) bool { return slices.Contains(what, name) }
