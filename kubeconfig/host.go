package kubeconfig

import (
	"fmt"
	"path"

	clientcmd "k8s.io/client-go/tools/clientcmd/api/v1"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/pki"
)

// hostDir is where Kubernetes' own tools keep kubeconfigs.
const hostDir = "/etc/kubernetes"

// HostPath is where a user's kubeconfig stands on a host.
func HostPath(name string) string { return path.Join(hostDir, name+".kubeconfig") }

// HostCredentials are the files that a host copy refers to.
type HostCredentials struct{ CA, Certificate, Key string }

// HostFiles is the paths that the host copy of the user refers to.
func HostFiles(name string) HostCredentials {
	return HostCredentials{
		CA:          path.Join(pki.KubernetesDir, pki.KubernetesBundle),
		Certificate: pki.Cert(pki.KubernetesDir, name),
		Key:         pki.Key(pki.KubernetesDir, name),
	}
}

// OnHost is the kubeconfig of a component on its host. It holds no secret: it names files. It errs for a user
// who is kept off hosts or is not in the table.
func OnHost(spec *cluster.Spec, node cluster.Node, name string) (artifact.File, error) {
	u, err := user(name)
	if err != nil {
		return artifact.File{}, err
	}
	if u.Component == "" {
		return artifact.File{}, fmt.Errorf("the kubeconfig of %s is kept off hosts", name)
	}
	if asks(spec, name) {
		return ofKubelet(spec)
	}
	files := HostFiles(name)
	data, err := config(spec.Name, name,
		clientcmd.Cluster{Server: u.server(spec, node), CertificateAuthority: files.CA},
		clientcmd.AuthInfo{ClientCertificate: files.Certificate, ClientKey: files.Key})
	if err != nil {
		return artifact.File{}, err
	}
	// 0600 although it names only paths: the CIS benchmark wants kubeconfigs unreadable for others.
	return artifact.File{Path: HostPath(name), Mode: 0o600, Component: u.Component, Content: artifact.Bytes(data)}, nil
}
