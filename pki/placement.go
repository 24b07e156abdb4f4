package pki

import (
	"io/fs"

	"hardway/cluster"
)

// placement is one row of what stands on hosts besides leaves: directories, bundles, the signer, the service-account pair.
type placement struct {
	component string
	dir, base string
	// source is the file in the work directory; empty for a directory.
	source string
	mode   fs.FileMode
	owner  string
	secret bool
	// first: only the first certificate of the source.
	first bool
	// where says on which nodes; nil: on all that have the component.
	where func(*cluster.Spec, cluster.Node) bool
}

// placements is the table of them, directories before what is in them.
func placements() []placement {
	dir := func(component, path, owner string, mode fs.FileMode) placement {
		return placement{component: component, dir: path, owner: owner, mode: fs.ModeDir | mode}
	}
	cert := func(component, path, base, source string) placement {
		return placement{component: component, dir: path, base: base, source: File(source), mode: 0o644}
	}
	return []placement{
		dir("etcd", "/etc/etcd", "", 0o755),
		dir("etcd", EtcdDir, "root:etcd", 0o750),
		cert("etcd", EtcdDir, KubernetesBundle, EtcdBundle),

		dir("controlplane", "/etc/kubernetes", "", 0o755),
		dir("controlplane", KubernetesDir, "", 0o755),
		cert("controlplane", KubernetesDir, KubernetesBundle, KubernetesBundle),
		cert("controlplane", KubernetesDir, EtcdBundle, EtcdBundle),
		cert("controlplane", KubernetesDir, FrontProxyBundle, FrontProxyBundle),
		// kube-controller-manager refuses a signer file with more than one certificate.
		{component: "controlplane", dir: KubernetesDir, base: "ca.crt", source: File("ca.crt"), mode: 0o644, first: true, where: signs},
		{component: "controlplane", dir: KubernetesDir, base: "ca.key", source: File("ca.key"), mode: 0o600, secret: true, where: signs},
		{component: "controlplane", dir: KubernetesDir, base: ServiceAccountKey, source: File(ServiceAccountKey), mode: 0o600, secret: true},
		cert("controlplane", KubernetesDir, ServiceAccountPublic, ServiceAccountPublic),

		worker(dir("worker", "/etc/kubernetes", "", 0o755)),
		worker(dir("worker", KubernetesDir, "", 0o755)),
		worker(cert("worker", KubernetesDir, KubernetesBundle, KubernetesBundle)),

		dir("haproxy", "/etc/haproxy", "", 0o755),
		dir("haproxy", HAProxyDir, "", 0o755),
		cert("haproxy", HAProxyDir, KubernetesBundle, KubernetesBundle),
	}
}

// worker leaves a row to the control plane on masters that run a kubelet too: it holds the same file there already.
func worker(p placement) placement {
	p.where = func(_ *cluster.Spec, n cluster.Node) bool { return !n.Has(cluster.RoleControlPlane) }
	return p
}

// signs: the controller-manager signs CSRs inside the cluster, so masters hold the signing pair.
func signs(s *cluster.Spec, _ cluster.Node) bool {
	return s.PKI.SignOnMasters == nil || *s.PKI.SignOnMasters
}

// has reports whether a node runs a component.
func has(spec *cluster.Spec, node cluster.Node, component string) bool {
	switch component {
	case "etcd":
		return node.Has(cluster.RoleEtcd)
	case "controlplane":
		return node.Has(cluster.RoleControlPlane)
	case "haproxy":
		return node.Has(cluster.RoleLoadBalancer)
	case "worker":
		return node.Has(cluster.RoleWorker) || spec.Worker.OnMasters && node.Has(cluster.RoleControlPlane)
	}
	return false
}

// on reports whether the row stands on a node.
func (p placement) on(spec *cluster.Spec, node cluster.Node) bool {
	return has(spec, node, p.component) && (p.where == nil || p.where(spec, node))
}
