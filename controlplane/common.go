package controlplane

import (
	"strconv"
	"strings"
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

func port(n int) string { return strconv.Itoa(n) }

func boolean(b bool) string { return strconv.FormatBool(b) }
