package worker

import (
	"net"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	base "k8s.io/component-base/config/v1alpha1"
	kubeproxy "k8s.io/kube-proxy/config/v1alpha1"

	"hardway/artifact"
	"hardway/binaries"
	"hardway/cluster"
	"hardway/kubeconfig"
)

const (
	kubeProxyHealthPort  = 10256
	kubeProxyMetricsPort = 10249
)

func kubeProxyConfig(spec *cluster.Spec, node cluster.Node) (artifact.File, error) {
	return config2file(kubeProxyPath, kubeproxy.KubeProxyConfiguration{
		TypeMeta: metav1.TypeMeta{APIVersion: kubeproxy.SchemeGroupVersion.String(), Kind: "KubeProxyConfiguration"},
		ClientConnection: base.ClientConnectionConfiguration{
			Kubeconfig:  kubeconfig.HostPath(kubeProxyUser),
			ContentType: "application/vnd.kubernetes.protobuf",
			QPS:         5,
			Burst:       10,
		},
		ClusterCIDR:     strings.Join(spec.Network.PodCIDR, ","),
		DetectLocalMode: "ClusterCIDR",
		// Load balancers off the host ask for its health, nobody off the host for its metrics.
		HealthzBindAddress: net.JoinHostPort(node.EveryAddress(), strconv.Itoa(kubeProxyHealthPort)),
		MetricsBindAddress: net.JoinHostPort(node.LocalAddress(), strconv.Itoa(kubeProxyMetricsPort)),
		Mode:               kubeproxy.ProxyMode(spec.Worker.KubeProxyMode),
		// How many connections are tracked is the host's own setting, net.netfilter.nf_conntrack_max. By default kube-proxy would
		// set it to 32768 for each core, which is less than what kernels since 5.15 begin with on a host of up to eight, and
		// where a host may not set it, as in a container, kube-proxy would not start.
		Conntrack: kubeproxy.KubeProxyConntrackConfiguration{MaxPerCore: new(int32(0)), Min: new(int32(0))},
		// It counts with ipvs only, where Services' addresses are on an interface of every node and it has the kernel not answer ARP
		// for them; MetalLB needs that: https://metallb.io/installation/#preparation
		IPVS: kubeproxy.KubeProxyIPVSConfiguration{StrictARP: spec.Addons.StrictARP},
	}, "winkernel")
}

func kubeProxyFlags() []artifact.Flag { return []artifact.Flag{{Name: "config", Value: kubeProxyPath}} }

// kubeProxyReads: kube-proxy watches its configuration and exits when that changes. A restart in the host's turn comes to
// the same, and is waited for.
func kubeProxyReads(spec *cluster.Spec) []artifact.Read {
	return append([]artifact.Read{
		{Path: binaries.Path("kube-proxy"), Use: artifact.Configures, Effect: artifact.Restart},
		{Path: kubeProxyPath, Use: artifact.Configures, Effect: artifact.Restart},
	}, kubeconfig.Reads(spec, kubeProxyUser)...)
}
