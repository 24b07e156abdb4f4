package manifests

import (
	"fmt"
	"slices"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"hardway/cluster"
)

func (o Object) isNode() bool {
	return o.GetKind() == "Node" && o.GroupVersionKind().Group == core.GroupName
}

// beside is the object as it is applied to one that stands there. Only a Node differs: its taints are one value to the API
// server, and others have theirs in it, as for a node that is cordoned or not ready; its pod network cannot change.
func (o Object) beside(live *unstructured.Unstructured) (Object, error) {
	if !o.isNode() {
		return o, nil
	}
	var ours, theirs core.Node
	for _, side := range []struct {
		from map[string]any
		to   *core.Node
	}{{o.Object, &ours}, {live.Object, &theirs}} {
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(side.from, side.to); err != nil {
			return o, fmt.Errorf("failed to read %s: %w", o, err)
		}
	}
	if len(ours.Spec.PodCIDRs) > 0 && len(theirs.Spec.PodCIDRs) > 0 && !slices.Equal(ours.Spec.PodCIDRs, theirs.Spec.PodCIDRs) {
		return o, cluster.Problems{{
			Host: o.GetName(), Subject: "Node",
			Message: fmt.Sprintf("has the pod network %v in the cluster, and %v in the spec; a Node never gets another", theirs.Spec.PodCIDRs, ours.Spec.PodCIDRs),
			Hint:    fmt.Sprintf("write podCIDR: %v to that host in cluster.yaml and render again", theirs.Spec.PodCIDRs),
		}}
	}
	if len(ours.Spec.Taints) == 0 {
		return o, nil
	}
	for _, taint := range theirs.Spec.Taints {
		if !slices.ContainsFunc(ours.Spec.Taints, func(t core.Taint) bool { return t.MatchTaint(&taint) }) {
			ours.Spec.Taints = append(ours.Spec.Taints, taint)
		}
	}
	return o.withTaints(ours.Spec.Taints, live.GetResourceVersion())
}

// withTaints is applied only to the very version whose taints it has taken over.
func (o Object) withTaints(taints []core.Taint, version string) (Object, error) {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&core.NodeSpec{Taints: taints})
	if err != nil {
		return o, fmt.Errorf("failed to convert the taints of %s: %w", o, err)
	}
	out := Object{o.DeepCopy()}
	if err := unstructured.SetNestedField(out.Object, fields["taints"], "spec", "taints"); err != nil {
		return o, fmt.Errorf("failed to set the taints of %s: %w", o, err)
	}
	out.SetResourceVersion(version)
	return out, nil
}
