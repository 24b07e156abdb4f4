package manifests

import (
	rbac "k8s.io/api/rbac/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"hardway/cluster"
)

// mastersGroup is every administrator's in older guides; API servers let it do everything, without any binding.
const mastersGroup = "system:masters"

// kubeletClient is whom API servers speak to kubelets as: the CN of apiserver-kubelet-client, which has no group.
const kubeletClient = "kube-apiserver-kubelet-client"

func access(spec *cluster.Spec) ([]runtime.Object, error) {
	out := []runtime.Object{
		binding("hardway:apiserver-to-kubelets", "system:kubelet-api-admin", rbac.Subject{Kind: rbac.UserKind, APIGroup: rbac.GroupName, Name: kubeletClient}),
	}
	if group := spec.PKI.AdminGroup; group != mastersGroup {
		out = append(out, binding("hardway:cluster-admins", "cluster-admin", rbac.Subject{Kind: rbac.GroupKind, APIGroup: rbac.GroupName, Name: group}))
	}
	return out, nil
}

// binding gives a cluster role to one subject.
func binding(name, role string, to rbac.Subject) *rbac.ClusterRoleBinding {
	return &rbac.ClusterRoleBinding{
		ObjectMeta: meta.ObjectMeta{Name: name},
		RoleRef:    rbac.RoleRef{APIGroup: rbac.GroupName, Kind: "ClusterRole", Name: role},
		Subjects:   []rbac.Subject{to},
	}
}

// serviceAccount is whom an addon acts as.
func serviceAccount(name string) rbac.Subject {
	return rbac.Subject{Kind: rbac.ServiceAccountKind, Name: name, Namespace: meta.NamespaceSystem}
}
