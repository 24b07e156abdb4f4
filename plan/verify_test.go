package plan_test

import (
	"slices"
	"testing"

	"hardway/plan"
	"hardway/test/sample"
)

// TestTheMainJobEndsWithWhatCanBeProven: where it is to start no API server there is none to ask.
func TestTheMainJobEndsWithWhatCanBeProven(t *testing.T) {
	for _, c := range []struct {
		skip []string
		last string
	}{
		{nil, "verify"},
		{[]string{"apply controlplane"}, "etcd verify"},
		{[]string{"apply worker"}, "verify"},
		{[]string{"verify"}, "apply manifests"},
		{[]string{"verify", "apply controlplane"}, "apply all"},
	} {
		steps := plan.Up(&plan.Env{Spec: sample.Spec(t)}, c.skip...)
		if got := steps[len(steps)-1].Name(); got != c.last {
			t.Errorf("without %v it ends with %s, want %s", c.skip, got, c.last)
		}
		for _, name := range c.skip {
			if !slices.Contains(plan.Skippable(), name) {
				t.Errorf("%s cannot be skipped", name)
			}
		}
	}
}
