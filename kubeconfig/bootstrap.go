package kubeconfig

import (
	"fmt"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"

	"hardway/artifact"
	"hardway/cluster"
)

// A kubelet that asks for its certificates keeps them here: what it has now, key and certificate in one file each. They are
// the kubelet's alone. See https://kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping/
const (
	KubeletCertDir     = "/var/lib/kubelet/pki"
	KubeletClientPair  = KubeletCertDir + "/kubelet-client-current.pem"
	KubeletServingPair = KubeletCertDir + "/kubelet-server-current.pem"
)

// BootstrapPath is where a kubelet finds the token that it asks for its first certificate with. It stands in memory, and
// only until the kubelet has that.
const BootstrapPath = "/run/hardway/kubelet-bootstrap.kubeconfig"

const kubelet = "kubelet"

// asks: it is the kubeconfig of kubelets that ask for their certificates.
func asks(spec *cluster.Spec, name string) bool { return name == kubelet && spec.KubeletsAsk() }

// ofKubelet is byte for byte the kubeconfig that the kubelet itself writes when it asks for its first certificate, its names
// for things included: so it does not matter who has written it, and a change of the spec reaches it.
func ofKubelet(spec *cluster.Spec) (artifact.File, error) {
	return file(HostPath(kubelet), spec, api.AuthInfo{ClientCertificate: KubeletClientPair, ClientKey: KubeletClientPair})
}

// WithToken is the kubeconfig of a kubelet that has no certificate yet. It holds the token, and is part of no tree.
func WithToken(spec *cluster.Spec, token string) (artifact.File, error) {
	f, err := file(BootstrapPath, spec, api.AuthInfo{Token: token})
	f.Secret = true
	return f, err
}

func file(path string, spec *cluster.Spec, user api.AuthInfo) (artifact.File, error) {
	data, err := clientcmd.Write(api.Config{
		Clusters:       map[string]*api.Cluster{"default-cluster": {Server: spec.EndpointURL(), CertificateAuthority: HostFiles(kubelet).CA}},
		AuthInfos:      map[string]*api.AuthInfo{"default-auth": &user},
		Contexts:       map[string]*api.Context{"default-context": {Cluster: "default-cluster", AuthInfo: "default-auth", Namespace: "default"}},
		CurrentContext: "default-context",
	})
	if err != nil {
		return artifact.File{}, fmt.Errorf("failed to encode %s: %w", path, err)
	}
	return artifact.File{Path: path, Mode: 0o600, Component: "worker", Content: artifact.Bytes(data)}, nil
}
