package manifests

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"hardway/cluster"
)

// Strays is what stands in the cluster for sets, or for parts of them, that are no longer wanted: objects with hardway's
// label that are not among these. Nodes are never among them.
func (c *Client) Strays(ctx context.Context, spec *cluster.Spec, wanted []Object) ([]Change, error) {
	kinds, err := kinds(spec)
	if err != nil {
		return nil, err
	}
	var out []Change
	for _, kind := range kinds {
		list, err := c.objects.Resource(kind).List(ctx, meta.ListOptions{LabelSelector: Selector})
		if apierrors.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("failed to list %s: %w", kind.Resource, err)
		}
		for i := range list.Items {
			stray := Object{&list.Items[i]}
			if !slices.ContainsFunc(wanted, stray.same) {
				out = append(out, Change{Object: stray, Verb: Delete, Live: stripped(stray.Unstructured)})
			}
		}
	}
	return out, nil
}

// same: the two are one object, whatever they hold.
func (o Object) same(other Object) bool {
	return o.GroupVersionKind().GroupKind() == other.GroupVersionKind().GroupKind() && o.GetNamespace() == other.GetNamespace() && o.GetName() == other.GetName()
}

// kinds is every kind that any set may hold, but for Nodes.
func kinds(spec *cluster.Spec) ([]schema.GroupVersionResource, error) {
	out := []schema.GroupVersionResource{secretKind}
	for _, set := range Sets {
		objects, err := set.Objects(spec, Given{})
		if err != nil {
			return nil, err
		}
		for _, o := range objects {
			if r := o.resource(); !o.isNode() && !slices.Contains(out, r) {
				out = append(out, r)
			}
		}
	}
	return out, nil
}
