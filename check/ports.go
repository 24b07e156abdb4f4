package check

import (
	"net"
	"net/netip"
	"slices"
	"strconv"

	"hardway/cluster"
	"hardway/manifests"
)

// binding is where a server listens.
type binding string

const (
	own   binding = "own"   // on the node's first address
	local binding = "local" // on loopback; nobody off the host gets there
	every binding = "every" // on every address; the node's own where hosts share one machine, each with a loopback address
)

// dialler is who dials a server, and why.
type dialler struct {
	who string
	// nodes is the hosts it dials from; nil for somewhere outside of them.
	nodes func(*cluster.Spec) []cluster.Node
	why   string
	// untested: every node dials every other, which is too many to try.
	untested bool
	// as is the leaf that each of the nodes presents; empty where anyone may ask.
	as string
	// when says for which clusters; nil is all.
	when func(*cluster.Spec) bool
}

// server is one thing that listens, on every host that it is on.
type server struct {
	name, unit string
	protocol   string
	on         func(*cluster.Spec) []cluster.Node
	port       func(*cluster.Spec, cluster.Node) int
	binds      binding
	from       []dialler
	// leaf is the certificate that it serves, by its name in the catalogue, and path what it answers over HTTPS; empty for
	// what serves none. as is the leaf that its own host asks with.
	leaf, path, as string
}

func etcds(s *cluster.Spec) []cluster.Node      { return s.With(cluster.RoleEtcd) }
func masters(s *cluster.Spec) []cluster.Node    { return s.With(cluster.RoleControlPlane) }
func balancing(s *cluster.Spec) []cluster.Node  { return s.With(cluster.RoleLoadBalancer) }
func allNodes(s *cluster.Spec) []cluster.Node   { return s.Hosts }
func kubeletsOf(s *cluster.Spec) []cluster.Node { return s.Kubelets() }

func fixed(port int) func(*cluster.Spec, cluster.Node) int {
	return func(*cluster.Spec, cluster.Node) int { return port }
}

const tcp = "tcp"

// Where servers say over HTTPS whether they are well.
const (
	readyz  = "/readyz?verbose"
	healthz = "/healthz"
)

// servers is the one table of who listens where and who dials there: which ports have to be free, what has to be
// reachable from where, and the firewall rules, all come from it.
func servers() []server {
	operator := dialler{who: "the operator", why: "hardway, and people"}
	return append([]server{
		{name: "sshd", protocol: tcp, on: allNodes, port: sshPort, binds: every, from: []dialler{{who: "the operator", why: "hardway does everything over SSH"}}},
		{name: "etcd, for peers", unit: "etcd.service", protocol: tcp, on: etcds, port: fixed(cluster.EtcdPeerPort), binds: own,
			leaf: "etcd-peer", path: "/version", as: "etcd-peer", from: []dialler{{who: "etcd", nodes: etcds, why: "members replicate", as: "etcd-peer"}}},
		{name: "etcd, for clients", unit: "etcd.service", protocol: tcp, on: etcds, port: fixed(cluster.EtcdClientPort), binds: own,
			leaf: "etcd-server", path: "/version", as: "apiserver-etcd-client"},
		{name: "etcd, metrics", unit: "etcd.service", protocol: tcp, on: etcds, port: fixed(2381), binds: local},
		{name: "kube-apiserver", unit: "kube-apiserver.service", protocol: tcp, on: masters, port: fixed(cluster.APIServerPort), binds: every, leaf: apiServerLeaf, path: readyz, from: []dialler{
			{who: "load balancers", nodes: balancing, why: "pass requests on and check /readyz"},
			{who: "nodes", nodes: kubeletsOf, why: "pods reach the Service kubernetes"},
			{who: "whoever dials the endpoint", why: "no load balancer of the spec is before it", when: unbalanced},
		}},
		{name: "kube-controller-manager", unit: "kube-controller-manager.service", protocol: tcp, on: masters, port: fixed(10257), binds: local, leaf: "controller-manager-serving", path: healthz},
		{name: "kube-scheduler", unit: "kube-scheduler.service", protocol: tcp, on: masters, port: fixed(10259), binds: local, leaf: "scheduler-serving", path: healthz},
		{name: endpointServer, unit: "haproxy.service", protocol: tcp, on: balancing, port: endpointPort, binds: every, leaf: apiServerLeaf, path: readyz, from: []dialler{
			{who: "nodes", nodes: kubeletsOf, why: "kubelets and kube-proxies reach the API"}, operator,
			{who: "load balancers", nodes: sharing, why: "see whether another serves, before they give the shared address up", when: shares},
		}},
		{name: "HAProxy, statistics", unit: "haproxy.service", protocol: tcp, on: balancing, port: statsPort, binds: "stats", from: []dialler{{who: "the operator", why: "looks at the statistics"}}},
		{name: "keepalived", protocol: "vrrp", on: sharing, port: fixed(0), binds: every,
			from: []dialler{{who: "load balancers", nodes: balancing, why: "agree on who has the virtual address"}}},
		{name: "kubelet", unit: "kubelet.service", protocol: tcp, on: kubeletsOf, port: fixed(10250), binds: every, leaf: "kubelet-serving", path: healthz, from: []dialler{
			{who: "masters", nodes: masters, why: "logs, exec, port-forward", as: "apiserver-kubelet-client"},
			{who: "nodes", nodes: kubeletsOf, why: "metrics-server runs on any of them", untested: true},
		}},
		{name: "kubelet, health", unit: "kubelet.service", protocol: tcp, on: kubeletsOf, port: fixed(10248), binds: local},
		{name: "kube-proxy, metrics", unit: "kube-proxy.service", protocol: tcp, on: kubeletsOf, port: fixed(10249), binds: local},
		{name: "kube-proxy, health", unit: "kube-proxy.service", protocol: tcp, on: kubeletsOf, port: fixed(10256), binds: every},
	}, metricsProxies()...)
}

// metricsProxies is pods on the network of their hosts: no unit's.
func metricsProxies() []server {
	var out []server
	for _, s := range manifests.ScrapedOnes() {
		out = append(out, server{name: s.Name + ", metrics for Prometheus", protocol: tcp, port: fixed(s.Port), binds: own, on: func(spec *cluster.Spec) []cluster.Node {
			if !spec.Addons.Monitoring {
				return nil
			}
			return s.Nodes(spec)
		}, from: []dialler{{who: "nodes", nodes: kubeletsOf, why: "Prometheus runs on any of them", untested: true}}})
	}
	return out
}

func unbalanced(s *cluster.Spec) bool { return len(balancing(s)) == 0 }

func shares(s *cluster.Spec) bool { return len(sharing(s)) > 1 }

// sharing is the balancers that share an address.
func sharing(s *cluster.Spec) []cluster.Node {
	if s.LoadBalancer.VirtualIP == "" {
		return nil
	}
	return balancing(s)
}

func sshPort(s *cluster.Spec, n cluster.Node) int { return s.SSHFor(n).Or(cluster.DefaultSSH()).Port }

func endpointPort(s *cluster.Spec, _ cluster.Node) int { return s.Endpoint.Port }

func statsPort(s *cluster.Spec, _ cluster.Node) int {
	addr, err := netip.ParseAddrPort(s.LoadBalancer.StatsListen)
	if err != nil {
		return 0
	}
	return int(addr.Port())
}

// Opening is one server on one host.
type Opening struct {
	Server, Unit, Protocol string
	Node                   cluster.Node
	Port                   int
	// Address is what it listens on; 0.0.0.0 is every address of the host.
	Address netip.Addr
	// From is who dials it; nobody off the host where there is none.
	From []Access

	leaf, path, as string
}

// Access is who dials a server: from these hosts, or from outside where there is none.
type Access struct {
	Who, Why string
	Nodes    []cluster.Node
	outside  bool
	untested bool
	as       string
}

// Openings is every server of the cluster, host by host in the order of the spec.
func Openings(spec *cluster.Spec) []Opening {
	var out []Opening
	for _, n := range spec.Hosts {
		for _, s := range servers() {
			if slices.ContainsFunc(s.on(spec), func(o cluster.Node) bool { return o.Name == n.Name }) {
				out = append(out, s.opening(spec, n))
			}
		}
	}
	return out
}

func (s server) opening(spec *cluster.Spec, n cluster.Node) Opening {
	o := Opening{Server: s.name, Unit: s.unit, Protocol: s.protocol, Node: n, Port: s.port(spec, n), Address: s.address(spec, n),
		leaf: s.leaf, path: s.path, as: s.as}
	if o.Address.IsLoopback() && s.binds != every && s.binds != own {
		return o
	}
	for _, d := range s.from {
		if d.when != nil && !d.when(spec) {
			continue
		}
		a := Access{Who: d.who, Why: d.why, outside: d.nodes == nil, untested: d.untested, as: d.as}
		if d.nodes != nil {
			a.Nodes = slices.DeleteFunc(slices.Clone(d.nodes(spec)), func(o cluster.Node) bool { return o.Name == n.Name })
		}
		if a.outside || len(a.Nodes) > 0 {
			o.From = append(o.From, a)
		}
	}
	return o
}

func (s server) address(spec *cluster.Spec, n cluster.Node) netip.Addr {
	primary, err := netip.ParseAddr(n.PrimaryAddress())
	loopback := err == nil && primary.IsLoopback()
	switch {
	case s.binds == own, loopback && (s.binds == every || s.binds == local):
		return primary
	case s.binds == local:
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	case s.binds == every:
		return netip.IPv4Unspecified()
	}
	stats, err := netip.ParseAddrPort(spec.LoadBalancer.StatsListen)
	if err != nil {
		return netip.IPv4Unspecified()
	}
	return stats.Addr()
}

// Target is where others dial the server.
func (o Opening) Target() string {
	return net.JoinHostPort(o.Node.PrimaryAddress(), strconv.Itoa(o.Port))
}

// meets reports whether a socket that listens keeps the server from doing so.
func (o Opening) meets(l Listen) bool {
	addr := l.Address.Addr()
	return int(l.Address.Port()) == o.Port && (addr == o.Address || addr.IsUnspecified() || o.Address.IsUnspecified())
}

// answersAt reports whether a socket takes what is dialled at the target.
func (o Opening) answersAt(l Listen) bool {
	addr := l.Address.Addr()
	return int(l.Address.Port()) == o.Port && (addr.String() == o.Node.PrimaryAddress() || addr.IsUnspecified())
}
