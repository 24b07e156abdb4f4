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
	objects func(*cluster.Spec, Given) ([]runtime.Object, error)
	// leaves names the certificates of the catalogue that are its Secrets.
	leaves []string
}

const nodesSet = "20-nodes"

// Sets is every set there is, in order.
var Sets = []Set{
	{Name: "10-access", What: "who may do what: the administrators' group, and API servers on kubelets", objects: alone(access)},
	{Name: bootstrapSet, What: "kubelets may ask for their certificates", wanted: (*cluster.Spec).KubeletsAsk, objects: alone(bootstrap)},
	{Name: nodesSet, What: "a Node for each kubelet, with its share of the pod network, its labels and taints", objects: alone(nodes)},
	{Name: "30-coredns", What: "DNS for Services and pods", wanted: func(s *cluster.Spec) bool { return *s.Addons.CoreDNS }, objects: alone(coreDNS)},
	{Name: "40-metrics-server", What: "what `kubectl top` and autoscalers ask", wanted: func(s *cluster.Spec) bool { return *s.Addons.MetricsServer }, objects: metricsServer,
		leaves: []string{"metrics-server"}},
	{Name: "50-monitoring", What: "proxies to what listens on loopback, for Prometheus: see `hardway monitoring`", wanted: func(s *cluster.Spec) bool { return s.Addons.Monitoring },
		objects: monitoring, leaves: []string{"metrics-proxy"}},
}

// alone is objects that the spec alone decides.
func alone(objects func(*cluster.Spec) ([]runtime.Object, error)) func(*cluster.Spec, Given) ([]runtime.Object, error) {
	return func(spec *cluster.Spec, _ Given) ([]runtime.Object, error) { return objects(spec) }
}

// File is where the set stands, relative to the work directory.
func (s Set) File() string { return path.Join(Dir, s.Name+".yaml") }

// Labels is what every object of the set is labelled with, each as key=value.
func (s Set) Labels() []string {
	return []string{managedBy + "=" + FieldManager, setLabel + "=" + s.Name}
}

// Wanted reports whether the spec asks for the set.
func (s Set) Wanted(spec *cluster.Spec) bool { return s.wanted == nil || s.wanted(spec) }

// Objects is the set for a cluster but for its Secrets, in the order in which it is applied. An error says what the spec
// cannot have.
func (s Set) Objects(spec *cluster.Spec, given Given) ([]Object, error) {
	typed, err := s.objects(spec, given)
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
