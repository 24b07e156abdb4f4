package controlplane

import (
	"strings"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/kubeconfig"
	"hardway/pki"
)

// apiserverSettings is kube-apiserver's command line, in the order in which it is written.
func apiserverSettings(spec *cluster.Spec, node cluster.Node) []setting {
	var out []setting
	for _, part := range [][]setting{
		serving(spec, node), etcdClient(node), authentication(), tokens(spec), kubeletClient(spec), aggregation(), auditing(), shutdown(spec),
	} {
		out = append(out, part...)
	}
	return out
}

func serving(spec *cluster.Spec, node cluster.Node) []setting {
	out := []setting{
		plain("advertise-address", node.PrimaryAddress()),
		plain("bind-address", node.EveryAddress()),
		plain("secure-port", port(cluster.APIServerPort)),
		plain("service-cluster-ip-range", strings.Join(spec.Network.ServiceCIDR, ",")),
		plain("service-node-port-range", "30000-32767"),
		plain("allow-privileged", "true"),
		plain("profiling", "false"),
		plain("tls-min-version", tlsMinVersion),
		plain("tls-cipher-suites", tlsCipherSuites()),
	}
	return append(out, pair("tls-cert-file", "tls-private-key-file", "apiserver", artifact.ServesWith, clients, artifact.Hot)...)
}

// etcdClient dials the node's own member only: with all of them listed, one that hangs takes every API server's
// readiness away for most of a minute.
func etcdClient(node cluster.Node) []setting {
	out := []setting{
		plain("etcd-servers", node.ClientURL()),
		file("etcd-cafile", etcdBundle(), artifact.VerifiesServers, etcdUnit, artifact.Restart),
	}
	return append(out, pair("etcd-certfile", "etcd-keyfile", "apiserver-etcd-client", artifact.PresentsAsClient, etcdUnit, artifact.Hot)...)
}

// authentication lets nobody in without a certificate or token but to the health endpoints, see authentication.go.
func authentication() []setting {
	return []setting{
		file("client-ca-file", bundle(), artifact.VerifiesClients, clients, artifact.Hot),
		file("authentication-config", authenticationPath, artifact.Configures, "", artifact.Restart),
		plain("authorization-mode", "Node,RBAC"),
		plain("enable-admission-plugins", "NodeRestriction"),
		file("encryption-provider-config", encryptionPath, artifact.Configures, "", artifact.HotAfterPoll),
		plain("encryption-provider-config-automatic-reload", "true"),
	}
}

func tokens(spec *cluster.Spec) []setting {
	return []setting{
		plain("service-account-issuer", "https://kubernetes.default.svc."+spec.Network.ClusterDomain),
		file("service-account-key-file", pki.KubernetesDir+"/"+pki.ServiceAccountPublic, artifact.VerifiesTokens, clients, artifact.Restart),
		file("service-account-signing-key-file", pki.KubernetesDir+"/"+pki.ServiceAccountKey, artifact.SignsWith, clients, artifact.Restart),
		plain("service-account-extend-token-expiration", "false"),
		plain("enable-bootstrap-token-auth", boolean(spec.Worker.Bootstrap == bootstrapToken)),
	}
}

func kubeletClient(spec *cluster.Spec) []setting {
	out := []setting{
		file("kubelet-certificate-authority", bundle(), artifact.VerifiesServers, kubeletUnit, kubeconfig.CAEffect(spec)),
		plain("kubelet-preferred-address-types", "InternalIP,Hostname,InternalDNS,ExternalIP,ExternalDNS"),
	}
	return append(out, pair("kubelet-client-certificate", "kubelet-client-key", "apiserver-kubelet-client",
		artifact.PresentsAsClient, kubeletUnit, artifact.HotAfterPoll)...)
}

// aggregation is how an API server passes requests of others on, to extension API servers and to its own kind, and whom
// it believes when it is the one they are passed to.
func aggregation() []setting {
	out := append(requestHeader(), plain("enable-aggregator-routing", "true"))
	return append(out, pair("proxy-client-cert-file", "proxy-client-key-file", "front-proxy-client",
		artifact.PresentsAsClient, APIServerUnit, artifact.Hot)...)
}

// requestHeader trusts who holds a front-proxy certificate, and only that, to say in headers whom a request is from.
func requestHeader() []setting {
	return []setting{
		file("requestheader-client-ca-file", frontProxyBundle(), artifact.VerifiesClients, APIServerUnit, artifact.Hot),
		plain("requestheader-allowed-names", "front-proxy-client"),
		plain("requestheader-extra-headers-prefix", "X-Remote-Extra-"),
		plain("requestheader-group-headers", "X-Remote-Group"),
		plain("requestheader-username-headers", "X-Remote-User"),
	}
}

// auditing keeps what the CIS benchmark asks for: 30 days, 10 files, 100 MB each.
func auditing() []setting {
	return []setting{
		file("audit-policy-file", auditPolicyPath, artifact.Configures, "", artifact.Restart),
		plain("audit-log-path", auditLogPath),
		plain("audit-log-maxage", "30"),
		plain("audit-log-maxbackup", "10"),
		plain("audit-log-maxsize", "100"),
	}
}
