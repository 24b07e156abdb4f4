package cis

import "slices"

// Check is one recommendation of the benchmark.
type Check struct {
	// ID is its number there, as in 1.2.15.
	ID    string
	Wants string
	condition
}

// Unmet says what is wrong with a host; empty means nothing.
func (c Check) Unmet(h Host) string { return c.unmet(h) }

// Spoil takes from a host what the check wants.
func (c Check) Spoil(h *Host) { c.spoil(h) }

const (
	apiServer         = "kube-apiserver"
	controllerManager = "kube-controller-manager"
	scheduler         = "kube-scheduler"
	etcd              = "etcd"
	kubelet           = "kubelet"
	kubeProxy         = "kube-proxy"

	pkiDir = "/etc/kubernetes/pki"
)

// Master is the checks of a host with the control plane and a stacked etcd: sections 1.1 to 1.4 and 2.
func Master() []Check {
	return slices.Concat(masterFiles(), apiServerFlags(), otherMasterFlags(), etcdFlags())
}

func masterFiles() []Check {
	return []Check{
		{"1.1.1", "API server's unit 600", files{unit(apiServer), 0o600, ""}},
		{"1.1.2", "API server's unit root:root", files{unit(apiServer), 0, "root:root"}},
		{"1.1.3", "controller-manager's unit 600", files{unit(controllerManager), 0o600, ""}},
		{"1.1.4", "controller-manager's unit root:root", files{unit(controllerManager), 0, "root:root"}},
		{"1.1.5", "scheduler's unit 600", files{unit(scheduler), 0o600, ""}},
		{"1.1.6", "scheduler's unit root:root", files{unit(scheduler), 0, "root:root"}},
		{"1.1.7", "etcd's unit 600", files{unit(etcd), 0o600, ""}},
		{"1.1.8", "etcd's unit root:root", files{unit(etcd), 0, "root:root"}},
		{"1.1.11", "etcd's data directory 700", files{named(etcd, "data-dir"), 0o700, ""}},
		{"1.1.12", "etcd's data directory etcd:etcd", files{named(etcd, "data-dir"), 0, "etcd:etcd"}},
		{"1.1.15", "scheduler's kubeconfig 600", files{named(scheduler, "authentication-kubeconfig"), 0o600, ""}},
		{"1.1.16", "scheduler's kubeconfig root:root", files{named(scheduler, "authentication-kubeconfig"), 0, "root:root"}},
		{"1.1.17", "controller-manager's kubeconfig 600", files{named(controllerManager, "kubeconfig"), 0o600, ""}},
		{"1.1.18", "controller-manager's kubeconfig root:root", files{named(controllerManager, "kubeconfig"), 0, "root:root"}},
		{"1.1.19", "everything of the PKI root:root", files{pki(), 0, "root:root"}},
		{"1.1.20", "certificates of the PKI 644", files{pki(".crt"), 0o644, ""}},
		{"1.1.21", "keys of the PKI 600", files{pki(".key"), 0o600, ""}},
	}
}

func apiServerFlags() []Check {
	return []Check{
		{"1.2.1", "nobody is let in unnamed but to ask for health", ask{"--anonymous-auth=false, or an authentication configuration that says for which paths", anonymousIsBounded, allowAnonymous}},
		{"1.2.2", "no tokens from a file", flag{apiServer, "token-auth-file", notGiven()}},
		{"1.2.4", "a client certificate for kubelets", flag{apiServer, "kubelet-client-certificate", given()}},
		{"1.2.4", "and its key", flag{apiServer, "kubelet-client-key", given()}},
		{"1.2.5", "kubelets' certificates are verified", flag{apiServer, "kubelet-certificate-authority", given()}},
		{"1.2.6", "not everything is allowed", flag{apiServer, "authorization-mode", listsNot("AlwaysAllow")}},
		{"1.2.7", "nodes are authorized as nodes", flag{apiServer, "authorization-mode", lists("Node")}},
		{"1.2.8", "people by roles", flag{apiServer, "authorization-mode", lists("RBAC")}},
		{"1.2.10", "not everything is admitted", flag{apiServer, "enable-admission-plugins", listsNot("AlwaysAdmit")}},
		{"1.2.12", "ServiceAccount is on", flag{apiServer, "disable-admission-plugins", listsNot("ServiceAccount")}},
		{"1.2.13", "NamespaceLifecycle is on", flag{apiServer, "disable-admission-plugins", listsNot("NamespaceLifecycle")}},
		{"1.2.14", "NodeRestriction is on", flag{apiServer, "enable-admission-plugins", lists("NodeRestriction")}},
		{"1.2.15", "no profiling", flag{apiServer, "profiling", is("false")}},
		{"1.2.16", "an audit log", flag{apiServer, "audit-log-path", given()}},
		{"1.2.17", "kept 30 days", flag{apiServer, "audit-log-maxage", atLeast(30)}},
		{"1.2.18", "in 10 files", flag{apiServer, "audit-log-maxbackup", atLeast(10)}},
		{"1.2.19", "of 100 MB", flag{apiServer, "audit-log-maxsize", atLeast(100)}},
		{"1.2.20", "requests end", flag{apiServer, "request-timeout", isNot("0s")}},
		{"1.2.21", "tokens of deleted accounts are refused", flag{apiServer, "service-account-lookup", isNot("false")}},
		{"1.2.22", "a key for service accounts", flag{apiServer, "service-account-key-file", given()}},
		{"1.2.23", "a client certificate for etcd", flag{apiServer, "etcd-certfile", given()}},
		{"1.2.23", "and its key", flag{apiServer, "etcd-keyfile", given()}},
		{"1.2.24", "a serving certificate", flag{apiServer, "tls-cert-file", given()}},
		{"1.2.24", "and its key", flag{apiServer, "tls-private-key-file", given()}},
		{"1.2.25", "clients' certificates are verified", flag{apiServer, "client-ca-file", given()}},
		{"1.2.26", "etcd's certificate is verified", flag{apiServer, "etcd-cafile", given()}},
		{"1.2.27", "Secrets are encrypted", flag{apiServer, "encryption-provider-config", given()}},
		{"1.2.28", "by a provider that is fit for it", ask{"aescbc, secretbox or kms first", fitProvider, func(h *Host) { h.Encryption = "identity" }}},
		{"1.2.29", "strong ciphers", flag{apiServer, "tls-cipher-suites", strongCiphers()}},
		{"1.2.30", "tokens are not extended", flag{apiServer, "service-account-extend-token-expiration", is("false")}},
		{"3.2.1", "an audit policy", flag{apiServer, "audit-policy-file", given()}},
	}
}

func otherMasterFlags() []Check {
	return []Check{
		{"1.3.1", "terminated pods are collected", flag{controllerManager, "terminated-pod-gc-threshold", atLeast(1)}},
		{"1.3.2", "no profiling", flag{controllerManager, "profiling", is("false")}},
		{"1.3.3", "an account for each controller", flag{controllerManager, "use-service-account-credentials", is("true")}},
		{"1.3.4", "a key for service accounts", flag{controllerManager, "service-account-private-key-file", given()}},
		{"1.3.5", "pods get the root", flag{controllerManager, "root-ca-file", given()}},
		{"1.3.6", "serving certificates of kubelets may be renewed", flag{controllerManager, "feature-gates", listsNot("RotateKubeletServerCertificate=false")}},
		{"1.3.7", "serves its own host alone", flag{controllerManager, "bind-address", is("127.0.0.1")}},
		{"1.4.1", "no profiling", flag{scheduler, "profiling", is("false")}},
		{"1.4.2", "serves its own host alone", flag{scheduler, "bind-address", is("127.0.0.1")}},
	}
}

func etcdFlags() []Check {
	return []Check{
		{"2.1", "a serving certificate", flag{etcd, "cert-file", given()}},
		{"2.1", "and its key", flag{etcd, "key-file", given()}},
		{"2.2", "clients are verified", flag{etcd, "client-cert-auth", is("true")}},
		{"2.3", "no certificates of its own making", flag{etcd, "auto-tls", isNot("true")}},
		{"2.4", "a certificate for peers", flag{etcd, "peer-cert-file", given()}},
		{"2.4", "and its key", flag{etcd, "peer-key-file", given()}},
		{"2.5", "peers are verified", flag{etcd, "peer-client-cert-auth", is("true")}},
		{"2.6", "no certificates of its own making for peers", flag{etcd, "peer-auto-tls", isNot("true")}},
		{"2.7", "an authority of etcd's own", ask{"etcd trusts another file than the API server", etcdHasAnAuthority, shareAuthority}},
	}
}
