package cluster

import "slices"

// Has reports whether the node has the role.
func (n Node) Has(role Role) bool { return slices.Contains(n.Roles, role) }

// PrimaryAddress is the first address: the one the node's servers listen on and its peers dial.
func (n Node) PrimaryAddress() string {
	if len(n.Address) == 0 {
		return ""
	}
	return n.Address[0]
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
	for _, n := range s.Hosts {
		if n.Has(RoleWorker) || s.Worker.OnMasters && n.Has(RoleControlPlane) {
			nodes = append(nodes, n)
		}
	}
	return nodes
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

// SSHFor is how the node is reached: the cluster's settings, overridden field by field by the node's own.
func (s *Spec) SSHFor(n Node) SSH {
	out := s.SSH
	if n.SSH.User != "" {
		out.User = n.SSH.User
	}
	if n.SSH.Port != 0 {
		out.Port = n.SSH.Port
	}
	if n.SSH.IdentityFile != "" {
		out.IdentityFile = n.SSH.IdentityFile
	}
	if n.SSH.Jump != nil {
		out.Jump = n.SSH.Jump
	}
	if n.SSH.Sudo != nil {
		out.Sudo = n.SSH.Sudo
	}
	if n.SSH.Timeout.Duration != 0 {
		out.Timeout = n.SSH.Timeout
	}
	return out
}
