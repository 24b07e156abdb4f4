package manifests

import (
	"fmt"
	"path"

	"k8s.io/apimachinery/pkg/runtime"

	"hardway/cluster"
)

// Dir is where the manifests stand in the work directory.
const Dir = "manifests"

// Set is objects that are wanted together or not at all.
type Set struct {
	// Name is the file's name without its ending; sets are applied in the order of their names.
	Name string
	// What says it in a few words, and what would be missing without it.
	What string
	// wanted: nil is always.
	wanted  func(*cluster.Spec) bool
	objects func(*cluster.Spec) ([]runtime.Object, error)
}

// Sets is every set there is, in order.
var Sets = []Set{
	{Name: "10-access", What: "who may do what: the administrators' group, and API servers on kubelets", objects: access},
	{Name: "20-nodes", What: "a Node for each kubelet, with its share of the pod network, its labels and taints", objects: nodes},
	{Name: "30-coredns", What: "DNS for Services and pods", wanted: func(s *cluster.Spec) bool { return *s.Addons.CoreDNS }, objects: coreDNS},
	{Name: "40-metrics-server", What: "what `kubectl top` and autoscalers ask", wanted: func(s *cluster.Spec) bool { return *s.Addons.MetricsServer }, objects: metricsServer},
}

// File is where the set stands, relative to the work directory.
func (s Set) File() string { return path.Join(Dir, s.Name+".yaml") }

// Wanted reports whether the spec asks for the set.
func (s Set) Wanted(spec *cluster.Spec) bool { return s.wanted == nil || s.wanted(spec) }

// Objects is the set for a cluster, in the order in which it is applied. An error says what the spec cannot have.
func (s Set) Objects(spec *cluster.Spec) ([]Object, error) {
	typed, err := s.objects(spec)
	if err != nil {
		return nil, fmt.Errorf("failed to make %s: %w", s.File(), err)
	}
	var out []Object
	for _, o := range typed {
		object, err := newObject(o, s.Name)
		if err != nil {
			return nil, fmt.Errorf("failed to make %s: %w", s.File(), err)
		}
		out = append(out, object)
	}
	return out, nil
}
