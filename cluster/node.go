package cluster

import (
	"net/netip"
	"slices"
)

// Has reports whether the node has the role.
func (n Node) Has(role Role) bool { return slices.Contains(n.Roles, role) }

// PrimaryAddress is the first address: the one the node's servers listen on and its peers dial.
func (n Node) PrimaryAddress() string {
	if len(n.Address) == 0 {
		return ""
	}
	return n.Address[0]
}

// EveryAddress is what the node's servers for everybody listen on: all addresses of the machine. Where several hosts share
// one machine, each on a loopback address of its own, it is the node's.
func (n Node) EveryAddress() string {
	switch addr, err := netip.ParseAddr(n.PrimaryAddress()); {
	case err != nil:
		return "0.0.0.0"
	case addr.IsLoopback():
		return addr.String()
	case addr.Is6():
		return "::"
	}
	return "0.0.0.0"
}

// LocalAddress is what the node's servers listen on that nobody off the machine has business with.
func (n Node) LocalAddress() string {
	if addr, err := netip.ParseAddr(n.PrimaryAddress()); err == nil && addr.IsLoopback() {
		return addr.String()
	}
	return "127.0.0.1"
}

// With is every node that has the role, in the order of the spec.
func (s *Spec) With(role Role) []Node {
	var nodes []Node
	for _, n := range s.Hosts {
		if n.Has(role) {
			nodes = append(nodes, n)
		}
	}
	return nodes
}

// Kubelets is every node that runs a kubelet: workers, and masters where the spec says so.
func (s *Spec) Kubelets() []Node {
	var nodes []Node
	for i := range s.Hosts {
		if n := &s.Hosts[i]; s.RunsKubelet(n) {
			nodes = append(nodes, *n)
		}
	}
	return nodes
}

// RunsKubelet reports whether the host is a node of the cluster.
func (s *Spec) RunsKubelet(n *Node) bool {
	return n.Has(RoleWorker) || s.Worker.OnMasters && n.Has(RoleControlPlane)
}

// bootstrapToken is the choice of spec.worker.bootstrap in which kubelets ask the cluster for their certificates.
const bootstrapToken = "token"

// KubeletsAsk reports whether kubelets get their certificates from the cluster, beginning with a bootstrap token, instead of
// premade ones from the work directory.
func (s *Spec) KubeletsAsk() bool {
	return s.Worker.Bootstrap == bootstrapToken && len(s.Kubelets()) > 0
}

// PremadeKubelets is every node whose kubelet is given its certificates.
func (s *Spec) PremadeKubelets() []Node {
	if s.KubeletsAsk() {
		return nil
	}
	return s.Kubelets()
}

// Node is the host of that name.
func (s *Spec) Node(name string) (Node, bool) {
	for _, n := range s.Hosts {
		if n.Name == name {
			return n, true
		}
	}
	return Node{}, false
}

// SSHFor is what the spec says of how the node is reached: the node's own settings, then the cluster's. What neither says
// is left out, so that the operator's ssh_config can say it.
func (s *Spec) SSHFor(n Node) SSH {
	own := n.SSH
	own.Parallel = 0
	return own.Or(s.SSH)
}

// Or is the settings with what they leave out taken from others, field by field.
func (s SSH) Or(others SSH) SSH {
	fill(&s.User, others.User)
	fill(&s.Port, others.Port)
	fill(&s.IdentityFile, others.IdentityFile)
	fill(&s.Sudo, others.Sudo)
	fill(&s.Parallel, others.Parallel)
	fill(&s.Timeout, others.Timeout)
	fill(&s.CommandTimeout, others.CommandTimeout)
	if s.Jump == nil {
		s.Jump = others.Jump
	}
	return s
}
