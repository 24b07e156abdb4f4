package pki

import (
	"net/netip"
	"slices"
	"strings"

	"hardway/cluster"
)

// names collects subject alternative names in a stable order, each once however it is spelled.
type names struct {
	dns []string
	ips []netip.Addr
}

// add sorts each entry under addresses or DNS names; empty entries are left out.
func (n *names) add(entries ...string) {
	for _, entry := range entries {
		if ip, err := netip.ParseAddr(entry); err == nil {
			n.addIP(ip)
			continue
		}
		entry = strings.ToLower(entry)
		if entry != "" && !slices.Contains(n.dns, entry) {
			n.dns = append(n.dns, entry)
		}
	}
}

func (n *names) addIP(ip netip.Addr) {
	ip = ip.Unmap().WithZone("")
	if !slices.Contains(n.ips, ip) {
		n.ips = append(n.ips, ip)
	}
}

func (n *names) addNode(node cluster.Node) {
	n.add(node.Name)
	n.add(node.Aliases...)
	n.add(node.Address...)
}

func (n *names) addLoopback() { n.add("localhost", "127.0.0.1", "::1") }

func noNames(*cluster.Spec, cluster.Node) names { return names{} }

func nodeNames(_ *cluster.Spec, node cluster.Node) (n names) {
	n.addNode(node)
	return n
}

func loopbackNames(*cluster.Spec, cluster.Node) (n names) {
	n.addLoopback()
	return n
}

// nodeAndLoopbackNames is for etcd: it checks a peer's source address against its names, and on its own machine a
// member dials from loopback.
func nodeAndLoopbackNames(_ *cluster.Spec, node cluster.Node) (n names) {
	n.addNode(node)
	n.addLoopback()
	return n
}

// metricsServerNames is every name of its Service: API servers verify it by the one that ends in .svc.
func metricsServerNames(spec *cluster.Spec, _ cluster.Node) (n names) {
	service := "metrics-server." + MetricsServerSecret.Namespace
	n.add("metrics-server", service, service+".svc")
	if domain := spec.Network.ClusterDomain; domain != "" {
		n.add(service + ".svc." + domain)
	}
	return n
}

// metricsProxyNames is every address of a node with pods: the proxies share one certificate, as one Secret holds it.
func metricsProxyNames(spec *cluster.Spec, _ cluster.Node) (n names) {
	n.add(MetricsProxySecret.Name + "." + MetricsProxySecret.Namespace + ".svc")
	for _, node := range spec.Kubelets() {
		n.add(node.Address...)
	}
	return n
}

// apiserverNames is everything a client may dial an API server by, the same on every master, so that a balancer, a
// moved virtual address or a port forward never meets a certificate without its name.
func apiserverNames(spec *cluster.Spec, _ cluster.Node) (n names) {
	for _, role := range []cluster.Role{cluster.RoleControlPlane, cluster.RoleLoadBalancer} {
		for _, node := range spec.With(role) {
			n.addNode(node)
		}
	}
	n.add(spec.LoadBalancer.VirtualIP, spec.Endpoint.Host)
	n.add(spec.PKI.ExtraSANs...)
	n.add("kubernetes", "kubernetes.default", "kubernetes.default.svc")
	if domain := spec.Network.ClusterDomain; domain != "" {
		n.add("kubernetes.default.svc." + domain)
	}
	for _, cidr := range spec.Network.ServiceCIDR {
		// The first address of the range is the kubernetes Service's; a range that does not parse is the spec's problem.
		if prefix, err := netip.ParsePrefix(cidr); err == nil {
			n.addIP(prefix.Masked().Addr().Next())
		}
	}
	n.addLoopback()
	return n
}
