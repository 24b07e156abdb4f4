package manifests

import (
	"bytes"
	"fmt"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
	"sigs.k8s.io/yaml"
)

// The labels of every object that hardway applies.
const (
	managedBy = "app.kubernetes.io/managed-by"
	setLabel  = "hardway.io/set"
)

// FieldManager is whom the API server knows hardway's fields by.
const FieldManager = "hardway"

// Selector finds every object that hardway applies.
const Selector = managedBy + "=" + FieldManager + "," + setLabel

// Object is one object as it is applied: what is given and nothing else, so that what is not stays whoever's it is.
type Object struct{ *unstructured.Unstructured }

// known is every type that sets are made of. It takes 2 ms to gather, which commands that make no object need not wait for.
var known = sync.OnceValue(func() *runtime.Scheme {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{scheme.AddToScheme, apiregistration.AddToScheme} {
		if err := add(s); err != nil {
			panic(err)
		}
	}
	return s
})

// newObject is a typed object as part of a set.
func newObject(typed runtime.Object, set string) (Object, error) {
	o, err := untyped(typed)
	if err != nil {
		return Object{}, err
	}
	// Types say these of every object, also of one that is only wanted.
	unstructured.RemoveNestedField(o.Object, "status")
	labels := o.GetLabels()
	if labels == nil {
		labels = map[string]string{}
	}
	labels[managedBy], labels[setLabel] = FieldManager, set
	o.SetLabels(labels)
	return o, nil
}

// untyped is a typed object with its kind, without what nobody has given.
func untyped(typed runtime.Object) (Object, error) {
	kinds, _, err := known().ObjectKinds(typed)
	if err != nil {
		return Object{}, err
	}
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(typed)
	if err != nil {
		return Object{}, fmt.Errorf("failed to convert %s: %w", kinds[0].Kind, err)
	}
	u := &unstructured.Unstructured{Object: fields}
	u.SetGroupVersionKind(kinds[0])
	return Object{prune(u)}, nil
}

// prune takes off what types write although it is not given: creation times of nothing, and empty maps.
func prune(u *unstructured.Unstructured) *unstructured.Unstructured {
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for key, value := range v {
				if value == nil {
					delete(v, key)
					continue
				}
				walk(value)
			}
			delete(v, "creationTimestamp")
			for _, key := range []string{"resources", "strategy"} {
				if m, ok := v[key].(map[string]any); ok && len(m) == 0 {
					delete(v, key)
				}
			}
		case []any:
			for _, value := range v {
				walk(value)
			}
		}
	}
	walk(u.Object)
	return u
}

// String names the object as kubectl does: deployment/coredns in kube-system.
func (o Object) String() string {
	name := strings.ToLower(o.GetKind()) + "/" + o.GetName()
	if o.GetNamespace() != "" {
		name += " in " + o.GetNamespace()
	}
	return name
}

// resource is where the API server has objects of this kind. Sets hold none whose plural is irregular; a test applies all.
func (o Object) resource() schema.GroupVersionResource {
	plural, _ := meta.UnsafeGuessKindToResource(o.GroupVersionKind())
	return plural
}

// header says in every file whose it is.
const header = "# Made by `hardway render manifests` from cluster.yaml; applied by `hardway apply manifests`.\n"

// encode is a set's file, with a comment above.
func encode(comment string, objects []Object) ([]byte, error) {
	var out bytes.Buffer
	out.WriteString(comment)
	for _, o := range objects {
		data, err := yaml.Marshal(o.Object)
		if err != nil {
			return nil, fmt.Errorf("failed to encode %s: %w", o, err)
		}
		out.WriteString("---\n")
		out.Write(data)
	}
	return out.Bytes(), nil
}
