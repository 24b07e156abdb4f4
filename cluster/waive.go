package cluster

import (
	"fmt"
	"slices"
)

// The checks of the spec that can rightly be waived, each alone and by name; those of hosts are in package check.
const (
	WaiveEvenMembers = "etcd-even-members"
	WaiveAESGCM      = "encryption-aesgcm"
)

// Waiver is a check that can be waived by name, in spec.waive or with --waive.
type Waiver struct{ Name, Allows string }

// Waivers is every check that can be waived, and what that allows.
func Waivers() []Waiver {
	return []Waiver{
		{WaiveEvenMembers, "an even number of etcd members, which survives no more losses than one fewer"},
		{WaiveAESGCM, "aesgcm, which is unsafe without rotating its key before 200,000 writes"},
		// What preflight looks at on hosts; a test in package check holds the names together.
		{"hostname", "hosts whose hostname is not the node's name"},
		{"machine-id", "hosts without a machine-id, or with that of another"},
		{"address", "addresses that are not the hosts' own"},
		{"mac-address", "interfaces with the same hardware address"},
		{"clock", "clocks that lie more than 2 s apart"},
		{"systemd", "hosts that were not booted with systemd, or with an old one"},
		{"architecture", "other architectures than those of the executables"},
		{"cpu", "masters and etcd members with one CPU"},
		{"memory", "masters and etcd members with less than 1700 MB"},
		{"swap", "swap"},
		{"kernel-modules", "nodes without overlay or br_netfilter"},
		{"sysctls", "nodes that do not forward packets or filter bridged ones"},
		{"cgroup", "nodes with control groups of version 1"},
		{"container-runtime", "nodes without a container runtime"},
		{"haproxy", "load balancers without HAProxy, or with an old one"},
		{"keepalived", "load balancers that share an address without keepalived, or without curl"},
		{"virtual-address", "a shared address outside of the load balancers' network, or one that somebody else has"},
		{"existing-cluster", "hosts that carry traces of another cluster"},
		{"ports", "ports that somebody else holds"},
		{"forwarding", "SSH servers that do not forward"},
		{"reach", "servers that cannot be reached from where they will be dialled"},
		{"source-address", "etcd members that dial from addresses outside of their certificates"},
		{"mtu", "hosts that send each other packets of different sizes"},
		{"endpoint-name", "an endpoint whose name does not resolve on every host"},
		{"nameservers", "nameservers that do not answer"},
		{"firewall", "active firewalls"},
		{"selinux", "SELinux"},
		{"etcd-disk", "little room for etcd's data"},
		{"etcd-fsync", "slow disks under etcd's data"},
		// What verify asks of a cluster that runs: what it does, never who is who in it.
		{"balancer", "load balancers that do not find every API server"},
		{"endpoint", "an endpoint that does not answer everywhere"},
		{"nodes", "Nodes that are not as the spec has them"},
		{"addons", "add-ons that do not run"},
		{"aggregated-api", "aggregated APIs that are not available"},
		{"secret", "Secrets that are not encrypted as the spec says; none is written"},
		{"pods", "nodes without the pods that verify makes; none is made"},
		{"logs", "logs of pods that cannot be had"},
		{"exec", "pods in which nothing can be executed"},
		{"dns", "pods that resolve no names"},
		{"pod-to-pod", "pods that do not reach each other"},
		{"service", "Services that do not answer"},
		{"node-port", "node ports that do not answer"},
	}
}

// Waived reports whether the spec waives the check of that name.
func (s *Spec) Waived(name string) bool { return slices.Contains(s.Waive, name) }

// checkWaivers finds names that no check has, in spec.waive and on the command line.
func checkWaivers(r *review) {
	var known []string
	for _, w := range Waivers() {
		known = append(known, w.Name)
	}
	for i, name := range r.spec.Waive {
		r.waiver(index("spec.waive", i), name, known)
	}
	for _, name := range r.extraWaivers {
		r.waiver("--waive", name, known)
	}
}

func (r *review) waiver(path, name string, known []string) {
	if slices.Contains(known, name) {
		return
	}
	hint := fmt.Sprintf("checks that can be waived: %s", listed(known))
	if best := nearest(name, known); best != "" {
		hint = fmt.Sprintf("did you mean %s? %s", best, hint)
	}
	r.report(path, hint, "%q is no check that can be waived", short(name))
}

// waives reports whether this validation leaves the check of that name out.
func (r *review) waives(name string) bool {
	return r.spec.Waived(name) || slices.Contains(r.extraWaivers, name)
}
