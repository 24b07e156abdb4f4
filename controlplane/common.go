package controlplane

import (
	"net/netip"
	"strconv"
	"strings"

	"hardway/cluster"
)

const (
	etcdUnit    = "etcd.service"
	kubeletUnit = "kubelet.service"
	// clients is the other side where it is no unit of ours.
	clients = "clients"
	// bootstrapToken is the value of spec.worker.bootstrap with which kubelets ask for their certificates.
	bootstrapToken = "token"

	tlsMinVersion = "VersionTLS12"
)

// tlsCipherSuites is every suite with forward secrecy and authenticated encryption, for both kinds of keys.
func tlsCipherSuites() string {
	return strings.Join([]string{
		"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
		"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
		"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
	}, ",")
}

// everyAddress is what the API server listens on: all addresses of the machine. Where several hosts share one machine,
// each on a loopback address of its own, it is the node's.
func everyAddress(node cluster.Node) string {
	switch addr, err := netip.ParseAddr(node.PrimaryAddress()); {
	case err != nil:
		return "0.0.0.0"
	case addr.IsLoopback():
		return addr.String()
	case addr.Is6():
		return "::"
	}
	return "0.0.0.0"
}

// localAddress is what the controller-manager and the scheduler listen on: nobody off the machine has business there.
func localAddress(node cluster.Node) string {
	if addr, err := netip.ParseAddr(node.PrimaryAddress()); err == nil && addr.IsLoopback() {
		return addr.String()
	}
	return "127.0.0.1"
}

func port(n int) string { return strconv.Itoa(n) }

func boolean(b bool) string { return strconv.FormatBool(b) }
