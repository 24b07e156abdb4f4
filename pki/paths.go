package pki

import "path"

// Where certificates stand on hosts. CIS checks look below /etc/kubernetes/pki for *.crt and *.key.
const (
	EtcdDir       = "/etc/etcd/pki"
	KubernetesDir = "/etc/kubernetes/pki"
	HAProxyDir    = "/etc/haproxy/pki"
)

// Names of the bundles on hosts and in the work directory: every accepted root and intermediate of an authority.
const (
	KubernetesBundle = "ca-bundle.crt"
	EtcdBundle       = "etcd-ca-bundle.crt"
	FrontProxyBundle = "front-proxy-ca-bundle.crt"
)

// The service-account pair, on masters and in the work directory.
const (
	ServiceAccountKey    = "sa.key"
	ServiceAccountPublic = "sa.pub"
)

// workDir is where everything of this package stands in the work directory.
const workDir = "pki"

// Cert is the path of a certificate in a host's directory, Key that of its private key.
func Cert(dir, name string) string { return path.Join(dir, name+".crt") }

// Key is the path of a private key in a host's directory.
func Key(dir, name string) string { return path.Join(dir, name+".key") }

// CertFile is where a leaf stands in the work directory; node is empty for what belongs to the whole cluster.
func CertFile(node, name string) string { return Cert(path.Join(workDir, node), name) }

// KeyFile is where a leaf's private key stands in the work directory.
func KeyFile(node, name string) string { return Key(path.Join(workDir, node), name) }

// RequestFile is where the signing request for a leaf stands in the work directory, for authorities kept elsewhere.
func RequestFile(node, name string) string { return path.Join(workDir, node, name+".csr") }

// File is where something that is no leaf stands in the work directory: a bundle, an authority, the service-account pair.
func File(base string) string { return path.Join(workDir, base) }
