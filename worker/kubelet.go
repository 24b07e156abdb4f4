package worker

import (
	"net/netip"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kubelet "k8s.io/kubelet/config/v1beta1"

	"hardway/artifact"
	"hardway/binaries"
	"hardway/cluster"
	"hardway/kubeconfig"
	"hardway/pki"
)

// KubeletPort is where a kubelet serves API servers and metrics.
const KubeletPort = 10250

const (
	kubeletHealthPort = 10248
	// podPids bounds the processes of a pod, so that one cannot take a node's last.
	podPids = 4096
	// mostPods is the kubelet's own default, and what Kubernetes is tested with.
	mostPods = 110
	// flexVolumeDir is the controller-manager's too; the default lies below /usr, which may be read-only.
	flexVolumeDir = KubeletDir + "/volumeplugins"
	servingLeaf   = "kubelet-serving"
)

// tlsCipherSuites is what CIS takes for strong, with forward secrecy: TLS 1.3 brings its own.
func tlsCipherSuites() []string {
	return []string{
		"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
		"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
	}
}

func kubeletConfig(spec *cluster.Spec, node cluster.Node) (artifact.File, error) {
	yes, no := true, false
	config := kubelet.KubeletConfiguration{
		TypeMeta: metav1.TypeMeta{APIVersion: kubelet.SchemeGroupVersion.String(), Kind: "KubeletConfiguration"},
		Address:  node.EveryAddress(),
		Authentication: kubelet.KubeletAuthentication{
			Anonymous: kubelet.KubeletAnonymousAuthentication{Enabled: &no},
			Webhook:   kubelet.KubeletWebhookAuthentication{Enabled: &yes},
			X509:      kubelet.KubeletX509Authentication{ClientCAFile: bundle()},
		},
		Authorization:            kubelet.KubeletAuthorization{Mode: kubelet.KubeletAuthorizationModeWebhook},
		CgroupDriver:             spec.Worker.CgroupDriver,
		ClusterDomain:            spec.Network.ClusterDomain,
		ContainerRuntimeEndpoint: "unix://" + containerdSocket,
		EventRecordQPS:           new(int32(50)),
		HealthzBindAddress:       node.LocalAddress(),
		HealthzPort:              new(int32(kubeletHealthPort)),
		MakeIPTablesUtilChains:   &yes,
		MaxPods:                  maxPods(spec, node),
		PodPidsLimit:             new(int64(podPids)),
		// The node itself is registered by whoever comes first, with the same taints.
		RegisterNode:                   &yes,
		RegisterWithTaints:             taints(node),
		ResolverConfig:                 new(resolverPath),
		SeccompDefault:                 &yes,
		StreamingConnectionIdleTimeout: metav1.Duration{Duration: 4 * time.Hour},
		TLSCipherSuites:                tlsCipherSuites(),
		TLSMinVersion:                  "VersionTLS12",
		VolumePluginDir:                flexVolumeDir,
	}
	identify(spec, &config)
	for _, ip := range spec.DNSIPs() {
		config.ClusterDNS = append(config.ClusterDNS, ip.String())
	}
	return config2file(kubeletPath, config)
}

// identify says where the kubelet's certificates come from: it asks for them and for new ones in time, or is given them.
// rotateCertificates stays out then: with it the kubelet ignores the certificate that it is given.
func identify(spec *cluster.Spec, config *kubelet.KubeletConfiguration) {
	if spec.KubeletsAsk() {
		config.RotateCertificates, config.ServerTLSBootstrap = true, true
		return
	}
	config.TLSCertFile, config.TLSPrivateKeyFile = pki.Cert(pki.KubernetesDir, servingLeaf), pki.Key(pki.KubernetesDir, servingLeaf)
}

// taints keep pods off a master that is no worker besides.
func taints(node cluster.Node) []corev1.Taint {
	if !node.Has(cluster.RoleControlPlane) || node.Has(cluster.RoleWorker) {
		return nil
	}
	return []corev1.Taint{{Key: "node-role.kubernetes.io/control-plane", Effect: corev1.TaintEffectNoSchedule}}
}

// maxPods is no more pods than the node's share of the pod network has addresses for. Of each share three are taken: the
// network's own, the bridge's, and IPv4's broadcast.
func maxPods(spec *cluster.Spec, node cluster.Node) int32 {
	most := mostPods
	for _, cidr := range spec.PodCIDRs(node) {
		if p, err := netip.ParsePrefix(cidr); err == nil && p.Addr().BitLen()-p.Bits() < 8 {
			most = min(most, 1<<(p.Addr().BitLen()-p.Bits())-3)
		}
	}
	return int32(most)
}

// kubeletFlags is what has no place in the configuration. There is no --hostname-override: a node's name is its hostname.
func kubeletFlags(spec *cluster.Spec, node cluster.Node) []artifact.Flag {
	flags := []artifact.Flag{
		{Name: "config", Value: kubeletPath},
		{Name: "config-dir", Value: KubeletDropInDir},
		{Name: "kubeconfig", Value: kubeconfig.HostPath(kubeletUser)},
		{Name: "node-ip", Value: strings.Join(nodeIPs(spec, node), ",")},
	}
	if !spec.KubeletsAsk() {
		return flags
	}
	return append(flags, artifact.Flag{Name: "bootstrap-kubeconfig", Value: kubeconfig.BootstrapPath}, artifact.Flag{Name: "cert-dir", Value: kubeconfig.KubeletCertDir})
}

// nodeIPs is the node's first address of each family that the cluster has, the primary one first.
func nodeIPs(spec *cluster.Spec, node cluster.Node) []string {
	var out []string
	for _, address := range node.Address {
		if len(out) == 0 || len(spec.Network.PodCIDR) > 1 && len(out) == 1 && isIPv6(address) != isIPv6(out[0]) {
			out = append(out, address)
		}
	}
	return out
}

func isIPv6(address string) bool { return strings.Contains(address, ":") }

func kubeletReads(spec *cluster.Spec) []artifact.Read {
	rows := []artifact.Read{
		{Path: binaries.Path("kubelet"), Use: artifact.Configures, Effect: artifact.Restart},
		{Path: kubeletPath, Use: artifact.Configures, Effect: artifact.Restart},
		{Path: bundle(), Use: artifact.VerifiesClients, Peer: apiServerUnit, Effect: artifact.Hot},
	}
	for _, path := range servingFiles(spec) {
		rows = append(rows, artifact.Read{Path: path, Use: artifact.ServesWith, Peer: apiServerUnit, Effect: artifact.Hot})
	}
	return append(rows, kubeconfig.Reads(spec, kubeletUser)...)
}

// servingFiles is what a kubelet serves with. What it has asked for is its own: nothing of it is delivered.
func servingFiles(spec *cluster.Spec) []string {
	if spec.KubeletsAsk() {
		return []string{kubeconfig.KubeletServingPair}
	}
	return []string{pki.Cert(pki.KubernetesDir, servingLeaf), pki.Key(pki.KubernetesDir, servingLeaf)}
}
