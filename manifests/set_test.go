package manifests

import (
	"slices"
	"strings"
	"testing"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"hardway/cluster"
	"hardway/test/sample"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestEveryObjectSaysWhoseItIs(t *testing.T) {
	spec := sample.Spec(t)
	for _, set := range Sets {
		objects, err := set.Objects(spec, Given{})
		must(t, err)
		if len(objects) == 0 {
			t.Errorf("%s holds nothing", set.Name)
		}
		for _, o := range objects {
			if labels := o.GetLabels(); labels[managedBy] != FieldManager || labels[setLabel] != set.Name {
				t.Errorf("%s is labelled %v", o, labels)
			}
		}
		text, err := set.Render(spec, Given{Trust: []byte("bundle")})
		must(t, err)
		for _, idle := range []string{"creationTimestamp", "status:", "resources: {}", "strategy: {}", "null"} {
			if strings.Contains(string(text), idle) {
				t.Errorf("%s says %q, which nobody asked for", set.File(), idle)
			}
		}
	}
}

func TestImagesOfEveryVersionAreKnown(t *testing.T) {
	for _, v := range []string{"v1.34.0", "v1.35.1", "v1.36.3", "v1.37.0"} {
		for _, image := range []func(*cluster.Spec) (string, error){coreDNSImage, metricsServerImage} {
			if _, err := image(sample.Spec(t, func(s *cluster.Spec) { s.Kubernetes.Version = v })); err != nil {
				t.Error(err)
			}
		}
	}
	own := sample.Spec(t, func(s *cluster.Spec) { s.Addons.Images.CoreDNS = "registry.example.com/dns:1" })
	if got, err := coreDNSImage(own); err != nil || got != "registry.example.com/dns:1" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestPlanWritesWhatDiffersAndTakesOffWhatIsNotWanted(t *testing.T) {
	spec := sample.Spec(t)
	w := sample.PKI(t, spec).WorkDir()
	plan, gone, err := Plan(w, spec)
	must(t, err)
	wanted := slices.DeleteFunc(slices.Clone(Sets), func(s Set) bool { return !s.Wanted(spec) })
	if len(plan.Files) != len(wanted) || len(gone) != 0 {
		t.Fatalf("at first %d files, %v go", len(plan.Files), gone)
	}
	must(t, w.Commit(plan.Files))
	must(t, Outdated(w, spec))
	off := sample.Spec(t, func(s *cluster.Spec) { s.Addons.CoreDNS = new(false) })
	plan, gone, err = Plan(w, off)
	must(t, err)
	if len(plan.Files) != 0 || !slices.Equal(gone, []string{"manifests/30-coredns.yaml"}) {
		t.Errorf("without CoreDNS %v are written and %v go", plan.Files, gone)
	}
	if err := Outdated(w, off); err == nil || !strings.Contains(err.Error(), "30-coredns") {
		t.Errorf("what is no longer wanted is no problem: %v", err)
	}
}

func liveNode(t *testing.T, change func(*core.Node)) *unstructured.Unstructured {
	t.Helper()
	node := &core.Node{}
	node.Name, node.ResourceVersion = "kmaster1", "42"
	change(node)
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(node)
	must(t, err)
	return &unstructured.Unstructured{Object: fields}
}

func TestTaintsOfOthersStay(t *testing.T) {
	spec := sample.Spec(t, func(s *cluster.Spec) { s.Worker.OnMasters = true })
	objects, err := Nodes(spec)
	must(t, err)
	i := slices.IndexFunc(objects, func(o Object) bool { return o.GetName() == "kmaster1" })
	cordoned := core.Taint{Key: core.TaintNodeUnschedulable, Effect: core.TaintEffectNoSchedule}
	applied, err := objects[i].beside(liveNode(t, func(n *core.Node) { n.Spec.Taints = []core.Taint{cordoned} }))
	must(t, err)
	taints, _, err := unstructured.NestedSlice(applied.Object, "spec", "taints")
	must(t, err)
	if len(taints) != 2 || applied.GetResourceVersion() != "42" {
		t.Errorf("applied to version %q are the taints %v", applied.GetResourceVersion(), taints)
	}
}

func TestANodeWithAnotherPodNetworkIsRefused(t *testing.T) {
	objects, err := Nodes(sample.Spec(t))
	must(t, err)
	node := objects[0]
	_, err = node.beside(liveNode(t, func(n *core.Node) { n.Spec.PodCIDRs = []string{"10.200.77.0/24"} }))
	problems := cluster.ProblemsOf(err)
	if len(problems) != 1 || !strings.Contains(problems[0].Message, "10.200.77.0/24") || !strings.Contains(problems[0].Hint, "podCIDR: [10.200.77.0/24]") {
		t.Errorf("got %+v, want the other network and how to pin it", problems)
	}
}
