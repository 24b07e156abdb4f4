package cluster

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// The ports that etcd's members listen on, for their peers and for clients (IANA's for etcd).
const (
	EtcdPeerPort   = 2380
	EtcdClientPort = 2379
)

// ServiceIPs is the first address of each service CIDR, in the order of the spec: what the Service kubernetes gets.
func (s *Spec) ServiceIPs() []netip.Addr { return s.serviceAddresses(1) }

// DNSIPs is the tenth address of each service CIDR, in the order of the spec: the cluster's DNS by convention.
func (s *Spec) DNSIPs() []netip.Addr { return s.serviceAddresses(10) }

func (s *Spec) serviceAddresses(n int) []netip.Addr {
	var out []netip.Addr
	for _, prefix := range prefixes(s.Network.ServiceCIDR) {
		out = append(out, nth(prefix, n))
	}
	return out
}

// NodeMask is the length of the prefix that each node gets out of a pod CIDR: nodeMaskSize, but 64 for the IPv6 half of
// a dual stack, as kube-controller-manager has it.
func (s *Spec) NodeMask(pods netip.Prefix) int {
	if pods.Addr().Is6() && len(s.Network.PodCIDR) > 1 {
		return 64
	}
	return s.Network.NodeMaskSize
}

// EndpointURL is what kubeconfigs that go through the endpoint dial: https://host:port.
func (s *Spec) EndpointURL() string { return httpsURL(s.Endpoint.Host, s.Endpoint.Port) }

// PeerURL is where the node's etcd member listens for its peers.
func (n Node) PeerURL() string { return httpsURL(n.PrimaryAddress(), EtcdPeerPort) }

// ClientURL is where the node's etcd member listens for clients.
func (n Node) ClientURL() string { return httpsURL(n.PrimaryAddress(), EtcdClientPort) }

// InitialCluster is etcd's --initial-cluster: name=peerURL of every member in the order of the spec.
func (s *Spec) InitialCluster() string {
	var members []string
	for _, n := range s.With(RoleEtcd) {
		members = append(members, n.Name+"="+n.PeerURL())
	}
	return strings.Join(members, ",")
}

// httpsURL puts brackets around an IPv6 address.
func httpsURL(host string, port int) string {
	return "https://" + net.JoinHostPort(host, strconv.Itoa(port))
}
