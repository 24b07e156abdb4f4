package worker

import (
	"path"

	"hardway/binaries"
	"hardway/cluster"
	"hardway/pki"
)

// Component is what files of this package say of themselves.
const Component = "worker"

// The units of a node. containerd's is the distribution's.
const (
	ContainerdUnit = "containerd.service"
	RoutesUnit     = "hardway-pod-routes.service"
	KubeletUnit    = "kubelet.service"
	KubeProxyUnit  = "kube-proxy.service"

	apiServerUnit = "kube-apiserver.service"
)

const (
	// KubeletDir is where the kubelet keeps its own and its pods' files.
	KubeletDir = "/var/lib/kubelet"
	// KubeletDropInDir is for what one host alone needs: *.conf there, each a KubeletConfiguration, come after what hardway
	// delivers. hardway makes the directory and puts nothing into it. See
	// https://kubernetes.io/docs/tasks/administer-cluster/kubelet-config-file/#kubelet-conf-d
	KubeletDropInDir = "/etc/kubernetes/kubelet.conf.d"
	kubeletPath      = KubeletDir + "/config.yaml"
	kubeProxyPath    = "/etc/kubernetes/kube-proxy.yaml"

	containerdDir    = "/etc/containerd"
	containerdPath   = containerdDir + "/config.toml"
	containerdSocket = "/run/containerd/containerd.sock"
	// containerdDropIns is imported by containerd's configuration: what one host alone needs.
	containerdDropIns = containerdDir + "/conf.d/*.toml"
	registriesDir     = containerdDir + "/certs.d"

	cniDir = "/etc/cni/net.d"
	// BridgePath configures the pods' network.
	BridgePath = cniDir + "/10-hardway-bridge.conflist"
	// BridgeDevice is the pods' bridge.
	BridgeDevice   = "cni0"
	ownDir         = "/etc/hardway"
	routesPath     = ownDir + "/pod-routes"
	masqueradePath = ownDir + "/pod-masquerade.nft"
	keeperPath     = "/usr/local/sbin/hardway-pod-routes"

	// resolverPath leads to the resolv.conf that pods get; the kubelet's unit makes it at each start.
	resolverPath = "/run/hardway/resolv.conf"
)

// The users whose kubeconfigs stand on nodes.
const (
	kubeletUser   = "kubelet"
	kubeProxyUser = "kube-proxy"
)

// Binaries is the executables of a node, by their names in binaries.dir. CNI plugins are among them unless the spec has
// them from a package, or another network brings its own.
func Binaries(spec *cluster.Spec) []string {
	names := []string{"kubelet", "kube-proxy"}
	if spec.Worker.CNI != "bridge" || spec.Worker.CNIBinDir != binaries.CNIDir {
		return names
	}
	for _, name := range plugins() {
		names = append(names, binaries.CNIPrefix+name)
	}
	return names
}

func plugins() []string { return []string{"bridge", "host-local", "loopback", "portmap"} }

// Programs is where the executables of a node's units stand.
func Programs() []string { return []string{binaries.Path("kubelet"), binaries.Path("kube-proxy")} }

// PluginPaths is where the CNI plugins stand that the node's pods need; none where another network brings its own.
func PluginPaths(spec *cluster.Spec) []string {
	var paths []string
	for _, name := range plugins() {
		if spec.Worker.CNI == "bridge" {
			paths = append(paths, path.Join(spec.Worker.CNIBinDir, name))
		}
	}
	return paths
}

func bundle() string { return path.Join(pki.KubernetesDir, pki.KubernetesBundle) }

// routed reports whether the node has routes to pods: hardway's own network is chosen, and the node runs pods, or API
// servers that reach into them.
func routed(spec *cluster.Spec, node cluster.Node) bool {
	return spec.Worker.CNI == "bridge" && (spec.RunsKubelet(&node) || node.Has(cluster.RoleControlPlane) && anyPods(spec))
}

// anyPods reports whether any host runs pods.
func anyPods(spec *cluster.Spec) bool {
	for range spec.PodNetworks() {
		return true
	}
	return false
}

// On reports whether the node has anything of this package.
func On(spec *cluster.Spec, node cluster.Node) bool {
	return spec.RunsKubelet(&node) || routed(spec, node)
}

// DataDirs is where kubelets, the pods' network and containers keep what they make themselves.
func DataDirs() []string {
	return []string{KubeletDir, "/var/lib/cni", "/var/log/containers", "/var/log/pods", "/opt/containerd", path.Dir(resolverPath)}
}
