package manifests

import (
	rbac "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"hardway/cluster"
)

// BootstrapGroup is whom a kubelet with one of hardway's tokens belongs to. It is not every token's: those that others make
// for something else let nobody become a node.
const BootstrapGroup = "system:bootstrappers:hardway"

const bootstrapSet = "15-bootstrap"

// bootstrap lets kubelets get their client certificates, which controller-managers approve and sign. Who may become a node,
// and may renew that, is Kubernetes' own roles:
// https://kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping/
func bootstrap(*cluster.Spec) ([]runtime.Object, error) {
	const approve = "system:certificates.k8s.io:certificatesigningrequests:"
	joining := rbac.Subject{Kind: rbac.GroupKind, APIGroup: rbac.GroupName, Name: BootstrapGroup}
	nodes := rbac.Subject{Kind: rbac.GroupKind, APIGroup: rbac.GroupName, Name: "system:nodes"}
	return []runtime.Object{
		binding("hardway:kubelets-may-ask", "system:node-bootstrapper", joining),
		binding("hardway:kubelets-join", approve+"nodeclient", joining),
		binding("hardway:kubelets-renew", approve+"selfnodeclient", nodes),
	}, nil
}

// Bootstrap is that set alone: it has to stand before the first kubelet starts.
func Bootstrap(spec *cluster.Spec) ([]Object, error) {
	return Set{Name: bootstrapSet, objects: alone(bootstrap)}.Objects(spec, Given{})
}
