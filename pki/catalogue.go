package pki

import (
	"io/fs"
	"net/netip"
	"path"
	"strings"

	"hardway/cluster"
)

// Request is one row of the catalogue: a leaf certificate that should exist.
type Request struct {
	// Name is the leaf's name in reports and files, as in apiserver-etcd-client.
	Name string
	// Node is the one node that holds it, empty for what belongs to the whole cluster and to no host.
	Node string
	// Group is the subcommand of pki that issues it; "all" issues every one.
	Group string
	// Authority is the name of the authority that signs it.
	Authority string
	CN        string
	// O is the subject's organization, to Kubernetes the user's group; empty for none.
	O string
	// DNSNames and IPs are its subject alternative names, in the order in which they are written.
	DNSNames []string
	IPs      []netip.Addr
	Usage    Usage
	// Holders is where the pair stands on hosts.
	Holders []Holder
	// Secret is where the pair stands inside the cluster; zero for what is kept out of it.
	Secret Secret
}

// Secret is a Secret of type kubernetes.io/tls.
type Secret struct{ Namespace, Name string }

// What pods of addons mount.
var (
	MetricsServerSecret = Secret{"kube-system", "metrics-server-serving"}
	MetricsProxySecret  = Secret{"kube-system", "metrics-proxy"}
)

// MetricsProxyUser is whom components know the metrics proxies as, which may read metrics.
const MetricsProxyUser = "hardway:metrics-proxy"

// String is the Secret as reports show it: secret/name in its namespace.
func (s Secret) String() string { return "secret/" + s.Name + " in " + s.Namespace }

// Usage is what a leaf may be used for; it is also the name of the signing profile.
type Usage string

// The usages: for TLS clients, TLS servers, and etcd's members, which are both.
const (
	UsageClient Usage = "client"
	UsageServer Usage = "server"
	UsagePeer   Usage = "peer"
)

// Holder is one place on a host where a pair stands.
type Holder struct {
	Node, Component string
	// Dir and Base are the host's directory and the file name without .crt or .key.
	Dir, Base string
	// KeyOwner is user:group of the private key; the certificate is root's and open to read.
	KeyOwner string
	KeyMode  fs.FileMode
}

// String is the place as reports show it: node:/path/to/the.crt.
func (h Holder) String() string { return h.Node + ":" + Cert(h.Dir, h.Base) }

// ID is the leaf's name with its node: kmaster1/apiserver, or just super-admin.
func (r Request) ID() string { return path.Join(r.Node, r.Name) }

// CertFile is where the certificate stands in the work directory.
func (r Request) CertFile() string { return CertFile(r.Node, r.Name) }

// KeyFile is where the private key stands in the work directory.
func (r Request) KeyFile() string { return KeyFile(r.Node, r.Name) }

// SANs is every subject alternative name: DNS names first, then addresses. It is never nil.
func (r Request) SANs() []string {
	sans := append([]string{}, r.DNSNames...)
	for _, ip := range r.IPs {
		sans = append(sans, ip.String())
	}
	return sans
}

// leaf is a row before it is expanded over the spec's nodes. {node} and {adminGroup} stand in cn and o.
type leaf struct {
	name, group, authority string
	cn, o                  string
	usage                  Usage
	// on says which nodes have one; nil: the cluster has one, off hosts.
	on    func(*cluster.Spec) []cluster.Node
	names func(*cluster.Spec, cluster.Node) names
	place place
	// wanted: nil is always.
	wanted func(*cluster.Spec) bool
	secret Secret
}

// place is where a component of a node keeps a pair; base is empty where it is the leaf's name.
type place struct {
	component, dir, base string
	keyOwner             string
	keyMode              fs.FileMode
}

// leaves is the table of every kind of leaf: those of the whole cluster, then those of nodes.
func leaves() []leaf {
	masters := place{component: "controlplane", dir: KubernetesDir, keyMode: 0o600}
	workers := place{component: "worker", dir: KubernetesDir, keyMode: 0o600}
	etcdAs := func(base string) place {
		return place{component: "etcd", dir: EtcdDir, base: base, keyOwner: "root:etcd", keyMode: 0o640}
	}
	return []leaf{
		{name: "super-admin", group: "admin", authority: Kubernetes, cn: "kubernetes-super-admin", o: "system:masters", usage: UsageClient, names: noNames},
		{name: "admin", group: "admin", authority: Kubernetes, cn: "kubernetes-admin", o: "{adminGroup}", usage: UsageClient, names: noNames},
		{name: "etcd-admin", group: "etcd", authority: Etcd, cn: "etcd-admin", usage: UsageClient, names: noNames},
		// API servers verify it like any other server of the cluster; it serves inside, so no host holds it.
		{name: "metrics-server", group: "addons", authority: Kubernetes, cn: "metrics-server", usage: UsageServer, names: metricsServerNames, wanted: metrics, secret: MetricsServerSecret},
		// It serves Prometheus, which dials nodes by their addresses, and is a client of what it passes requests on to.
		{name: "metrics-proxy", group: "addons", authority: Kubernetes, cn: MetricsProxyUser, usage: UsagePeer, names: metricsProxyNames, wanted: monitored, secret: MetricsProxySecret},

		{name: "etcd-server", group: "etcd", authority: Etcd, cn: "{node}", usage: UsagePeer, on: members, names: nodeAndLoopbackNames, place: etcdAs("server")},
		{name: "etcd-peer", group: "etcd", authority: Etcd, cn: "{node}", usage: UsagePeer, on: members, names: nodeAndLoopbackNames, place: etcdAs("peer")},

		{name: "apiserver", group: "apiserver", authority: Kubernetes, cn: "kube-apiserver", usage: UsageServer, on: controlPlane, names: apiserverNames, place: masters},
		// Without an O: its CN is bound to system:kubelet-api-admin, which is all it needs.
		{name: "apiserver-kubelet-client", group: "apiserver", authority: Kubernetes, cn: "kube-apiserver-kubelet-client", usage: UsageClient, on: controlPlane, names: noNames, place: masters},
		{name: "apiserver-etcd-client", group: "etcd", authority: Etcd, cn: "kube-apiserver-etcd-client", usage: UsageClient, on: controlPlane, names: noNames, place: masters},
		{name: "front-proxy-client", group: "front-proxy", authority: FrontProxy, cn: "front-proxy-client", usage: UsageClient, on: controlPlane, names: noNames, place: masters},
		{name: "controller-manager", group: "controller-manager", authority: Kubernetes, cn: "system:kube-controller-manager", usage: UsageClient, on: controlPlane, names: noNames, place: masters},
		{name: "controller-manager-serving", group: "controller-manager", authority: Kubernetes, cn: "kube-controller-manager", usage: UsageServer, on: controlPlane, names: loopbackNames, place: masters},
		{name: "scheduler", group: "scheduler", authority: Kubernetes, cn: "system:kube-scheduler", usage: UsageClient, on: controlPlane, names: noNames, place: masters},
		{name: "scheduler-serving", group: "scheduler", authority: Kubernetes, cn: "kube-scheduler", usage: UsageServer, on: controlPlane, names: loopbackNames, place: masters},

		{name: "kubelet", group: "kubelet", authority: Kubernetes, cn: "system:node:{node}", o: "system:nodes", usage: UsageClient, on: premadeKubelets, names: noNames, place: workers},
		{name: "kubelet-serving", group: "kubelet", authority: Kubernetes, cn: "system:node:{node}", o: "system:nodes", usage: UsageServer, on: premadeKubelets, names: nodeNames, place: workers},
		{name: "kube-proxy", group: "kube-proxy", authority: Kubernetes, cn: "system:kube-proxy", o: "system:node-proxier", usage: UsageClient, on: kubelets, names: noNames, place: workers},
	}
}

func metrics(s *cluster.Spec) bool   { return s.Addons.MetricsServer != nil && *s.Addons.MetricsServer }
func monitored(s *cluster.Spec) bool { return s.Addons.Monitoring }

func members(s *cluster.Spec) []cluster.Node      { return s.With(cluster.RoleEtcd) }
func controlPlane(s *cluster.Spec) []cluster.Node { return s.With(cluster.RoleControlPlane) }
func kubelets(s *cluster.Spec) []cluster.Node     { return s.Kubelets() }

// premadeKubelets: kubelets that ask for their certificates keep them, and have none in the work directory.
func premadeKubelets(s *cluster.Spec) []cluster.Node { return s.PremadeKubelets() }

// Catalogue is every leaf certificate the cluster should have: first those of the whole cluster, then node by node in
// the order of the spec.
func Catalogue(spec *cluster.Spec) []Request {
	var requests []Request
	perNode := map[string][]Request{}
	for _, l := range leaves() {
		if l.wanted != nil && !l.wanted(spec) {
			continue
		}
		if l.on == nil {
			requests = append(requests, l.expand(spec, cluster.Node{}))
			continue
		}
		for _, node := range l.on(spec) {
			perNode[node.Name] = append(perNode[node.Name], l.expand(spec, node))
		}
	}
	for _, node := range spec.Hosts {
		requests = append(requests, perNode[node.Name]...)
	}
	return requests
}

func (l leaf) expand(spec *cluster.Spec, node cluster.Node) Request {
	fill := strings.NewReplacer("{node}", node.Name, "{adminGroup}", spec.PKI.AdminGroup)
	san := l.names(spec, node)
	r := Request{
		Name: l.name, Node: node.Name, Group: l.group, Authority: l.authority,
		CN: fill.Replace(l.cn), O: fill.Replace(l.o), DNSNames: san.dns, IPs: san.ips, Usage: l.usage, Secret: l.secret,
	}
	if l.on != nil {
		r.Holders = []Holder{l.holder(node.Name)}
	}
	return r
}

func (l leaf) holder(node string) Holder {
	h := Holder{Node: node, Component: l.place.component, Dir: l.place.dir, Base: l.place.base, KeyOwner: l.place.keyOwner, KeyMode: l.place.keyMode}
	if h.Base == "" {
		h.Base = l.name
	}
	return h
}

// Names is the name of every kind of leaf in the catalogue's order, each once.
func Names() []string {
	var names []string
	for _, l := range leaves() {
		names = append(names, l.name)
	}
	return names
}
