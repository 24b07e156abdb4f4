package pki

import (
	"fmt"
	"strings"

	"hardway/cluster"
)

// Group is one subcommand of pki: the authority of that name if it has one, and all its leaves.
type Group struct {
	Name, Summary string
	// Authority is the authority the group issues, empty for none.
	Authority string
	// ServiceAccount: the group holds the service-account pair.
	ServiceAccount bool
}

// GroupAll is the group of everything.
const GroupAll = "all"

// Groups is the table of pki subcommands, in the order in which a person would run them.
func Groups() []Group {
	return []Group{
		{Name: "ca", Summary: "the Kubernetes authority and its trust bundle", Authority: Kubernetes},
		{Name: "admin", Summary: "client certificates for people: admin, and super-admin for emergencies"},
		{Name: "kubelet", Summary: "each kubelet's client and serving certificate"},
		{Name: "apiserver", Summary: "each API server's serving certificate and its client certificate for kubelets"},
		{Name: "controller-manager", Summary: "each controller-manager's client and serving certificate"},
		{Name: "scheduler", Summary: "each scheduler's client and serving certificate"},
		{Name: "kube-proxy", Summary: "each kube-proxy's client certificate"},
		{Name: "service-account", Summary: "the key pair that signs service-account tokens", ServiceAccount: true},
		{Name: "etcd", Summary: "etcd's authority, its server, peer and client certificates", Authority: Etcd},
		{Name: "front-proxy", Summary: "the aggregation layer's authority and client certificates", Authority: FrontProxy},
		{Name: "addons", Summary: "certificates of what runs inside the cluster: metrics-server, metrics proxies"},
		{Name: GroupAll, Summary: "everything above"},
	}
}

// selection is what a list of group names covers.
type selection struct {
	all    bool
	groups map[string]Group
}

func selectGroups(names []string) (selection, error) {
	sel := selection{all: len(names) == 0, groups: map[string]Group{}}
	known := map[string]Group{}
	var list []string
	for _, g := range Groups() {
		known[g.Name] = g
		list = append(list, g.Name)
	}
	for _, name := range names {
		g, ok := known[name]
		if !ok {
			return sel, cluster.Problems{{Subject: "pki " + name, Message: "no such part of the PKI",
				Hint: fmt.Sprintf("one of: %s", strings.Join(list, ", "))}}
		}
		sel.all = sel.all || name == GroupAll
		sel.groups[name] = g
	}
	return sel, nil
}

func (s selection) leaf(r Request) bool {
	_, ok := s.groups[r.Group]
	return s.all || ok
}

func (s selection) authority(name string) bool {
	for _, g := range s.groups {
		if g.Authority == name {
			return true
		}
	}
	return s.all
}

func (s selection) serviceAccount() bool {
	for _, g := range s.groups {
		if g.ServiceAccount {
			return true
		}
	}
	return s.all
}
