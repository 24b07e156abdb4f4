package manifests

import (
	"k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"hardway/cluster"
)

// roleLabel is what `kubectl get nodes` shows as a node's role. Kubelets may not give it to themselves.
const roleLabel = "node-role.kubernetes.io/"

// nodes is made before kubelets register, so that nobody else decides on labels, taints and pod networks.
func nodes(spec *cluster.Spec) ([]runtime.Object, error) {
	var out []runtime.Object
	for _, n := range spec.Kubelets() {
		node := &v1.Node{ObjectMeta: meta.ObjectMeta{Name: n.Name, Labels: map[string]string{}}}
		if n.Has(cluster.RoleControlPlane) {
			node.Labels[roleLabel+"control-plane"] = ""
			// A worker that is a master besides, in a small cluster, takes pods.
			if !n.Has(cluster.RoleWorker) {
				node.Spec.Taints = []v1.Taint{{Key: roleLabel + "control-plane", Effect: v1.TaintEffectNoSchedule}}
			}
		}
		if n.Has(cluster.RoleWorker) {
			node.Labels[roleLabel+"worker"] = ""
		}
		if node.Spec.PodCIDRs = spec.PodCIDRs(n); len(node.Spec.PodCIDRs) > 0 {
			node.Spec.PodCIDR = node.Spec.PodCIDRs[0]
		}
		out = append(out, node)
	}
	return out, nil
}

// Nodes is the set of Nodes alone: they are made before anything else is applied, because kubelets would register otherwise.
func Nodes(spec *cluster.Spec) ([]Object, error) {
	return Set{Name: nodesSet, objects: alone(nodes)}.Objects(spec, Given{})
}
