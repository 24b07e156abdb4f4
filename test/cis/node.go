package cis

import (
	"net"
	"slices"
	"strings"
	"time"

	kubeproxyconfig "k8s.io/kube-proxy/config/v1alpha1"
	kubeletconfig "k8s.io/kubelet/config/v1beta1"
)

// Node is the checks of a host with a kubelet: section 4.
func Node() []Check {
	return []Check{
		{"1.1.9", "configuration of the pod network 600", files{cni, 0o600, ""}},
		{"1.1.10", "configuration of the pod network root:root", files{cni, 0, "root:root"}},
		{"4.1.1", "kubelet's unit 600", files{unit(kubelet), 0o600, ""}},
		{"4.1.2", "kubelet's unit root:root", files{unit(kubelet), 0, "root:root"}},
		{"4.1.3", "kube-proxy's kubeconfig 600", files{proxyKubeconfig, 0o600, ""}},
		{"4.1.4", "kube-proxy's kubeconfig root:root", files{proxyKubeconfig, 0, "root:root"}},
		{"4.1.5", "kubelet's kubeconfig 600", files{named(kubelet, "kubeconfig"), 0o600, ""}},
		{"4.1.6", "kubelet's kubeconfig root:root", files{named(kubelet, "kubeconfig"), 0, "root:root"}},
		{"4.1.7", "the clients' authority 644", files{clientCA, 0o644, ""}},
		{"4.1.8", "the clients' authority root:root", files{clientCA, 0, "root:root"}},
		{"4.1.9", "kubelet's configuration 600", files{named(kubelet, "config"), 0o600, ""}},
		{"4.1.10", "kubelet's configuration root:root", files{named(kubelet, "config"), 0, "root:root"}},
		{"4.2.1", "nobody is let in unnamed", runs("anonymous off", func(k *kubeletconfig.KubeletConfiguration) bool { return isFalse(k.Authentication.Anonymous.Enabled) },
			func(k *kubeletconfig.KubeletConfiguration) { k.Authentication.Anonymous.Enabled = new(true) })},
		{"4.2.2", "not everything is allowed", runs("Webhook", func(k *kubeletconfig.KubeletConfiguration) bool {
			return k.Authorization.Mode == kubeletconfig.KubeletAuthorizationModeWebhook
		},
			func(k *kubeletconfig.KubeletConfiguration) {
				k.Authorization.Mode = kubeletconfig.KubeletAuthorizationModeAlwaysAllow
			})},
		{"4.2.3", "clients' certificates are verified", runs("a clientCAFile", func(k *kubeletconfig.KubeletConfiguration) bool { return k.Authentication.X509.ClientCAFile != "" },
			func(k *kubeletconfig.KubeletConfiguration) { k.Authentication.X509.ClientCAFile = "" })},
		{"4.2.4", "no port without authentication", runs("readOnlyPort 0", func(k *kubeletconfig.KubeletConfiguration) bool { return k.ReadOnlyPort == 0 },
			func(k *kubeletconfig.KubeletConfiguration) { k.ReadOnlyPort = 10255 })},
		{"4.2.5", "idle connections end", runs("not 0", func(k *kubeletconfig.KubeletConfiguration) bool { return k.StreamingConnectionIdleTimeout.Duration > 0 },
			func(k *kubeletconfig.KubeletConfiguration) {
				k.StreamingConnectionIdleTimeout.Duration = 0 * time.Second
			})},
		{"4.2.6", "the kubelet keeps its chains", runs("makeIPTablesUtilChains", func(k *kubeletconfig.KubeletConfiguration) bool { return !isFalse(k.MakeIPTablesUtilChains) },
			func(k *kubeletconfig.KubeletConfiguration) { k.MakeIPTablesUtilChains = new(false) })},
		{"4.2.7", "a node is named as its host is", flag{kubelet, "hostname-override", notGiven()}},
		{"4.2.8", "events are bounded", runs("eventRecordQPS above 0", func(k *kubeletconfig.KubeletConfiguration) bool {
			return k.EventRecordQPS == nil || *k.EventRecordQPS > 0
		},
			func(k *kubeletconfig.KubeletConfiguration) { k.EventRecordQPS = new(int32(0)) })},
		{"4.2.9", "a serving certificate of the cluster's", runs("tlsCertFile, or one asked for", serves,
			func(k *kubeletconfig.KubeletConfiguration) { k.TLSCertFile, k.ServerTLSBootstrap = "", false })},
		{"4.2.10", "client certificates may be renewed", flag{kubelet, "rotate-certificates", isNot("false")}},
		{"4.2.11", "serving certificates may be renewed", runs("RotateKubeletServerCertificate not off", func(k *kubeletconfig.KubeletConfiguration) bool {
			on, set := k.FeatureGates["RotateKubeletServerCertificate"]
			return on || !set
		}, func(k *kubeletconfig.KubeletConfiguration) {
			k.FeatureGates = map[string]bool{"RotateKubeletServerCertificate": false}
		})},
		{"4.2.12", "strong ciphers", runs("strong suites alone", func(k *kubeletconfig.KubeletConfiguration) bool {
			return len(k.TLSCipherSuites) > 0 && !slices.ContainsFunc(k.TLSCipherSuites, weak)
		}, func(k *kubeletconfig.KubeletConfiguration) { k.TLSCipherSuites = nil })},
		{"4.2.13", "processes of a pod are bounded", runs("podPidsLimit", func(k *kubeletconfig.KubeletConfiguration) bool { return k.PodPidsLimit != nil && *k.PodPidsLimit > 0 },
			func(k *kubeletconfig.KubeletConfiguration) { k.PodPidsLimit = new(int64(-1)) })},
		{"4.2.14", "system calls are filtered", runs("seccompDefault", func(k *kubeletconfig.KubeletConfiguration) bool { return k.SeccompDefault != nil && *k.SeccompDefault },
			func(k *kubeletconfig.KubeletConfiguration) { k.SeccompDefault = new(false) })},
		{"4.3.1", "kube-proxy's metrics are for its own host alone", ask{"a loopback address", metricsAreLocal, openMetrics}},
	}
}

func serves(k *kubeletconfig.KubeletConfiguration) bool {
	return k.TLSCertFile != "" && k.TLSPrivateKeyFile != "" || k.ServerTLSBootstrap
}

func isFalse(b *bool) bool { return b != nil && !*b }

// runs wants something of what the kubelet runs with.
func runs(wants string, ok func(*kubeletconfig.KubeletConfiguration) bool, bad func(*kubeletconfig.KubeletConfiguration)) condition {
	return ask{
		"the kubelet runs with: " + wants,
		func(h Host) bool { return h.Kubelet != nil && ok(h.Kubelet) },
		func(h *Host) {
			spoiled := *h.Kubelet
			bad(&spoiled)
			h.Kubelet = &spoiled
		},
	}
}

func cni(h Host) []string { return h.below("/etc/cni/net.d") }

func proxyKubeconfig(h Host) []string {
	if h.KubeProxy == nil {
		return nil
	}
	return []string{h.KubeProxy.ClientConnection.Kubeconfig}
}

func clientCA(h Host) []string {
	if h.Kubelet == nil {
		return nil
	}
	return []string{h.Kubelet.Authentication.X509.ClientCAFile}
}

func metricsAreLocal(h Host) bool {
	if h.KubeProxy == nil {
		return false
	}
	host, _, err := net.SplitHostPort(h.KubeProxy.MetricsBindAddress)
	ip := net.ParseIP(host)
	return err == nil && ip != nil && ip.IsLoopback()
}

func openMetrics(h *Host) {
	h.KubeProxy = &kubeproxyconfig.KubeProxyConfiguration{MetricsBindAddress: strings.Replace(h.KubeProxy.MetricsBindAddress, "127.0.0.1", "0.0.0.0", 1)}
}
