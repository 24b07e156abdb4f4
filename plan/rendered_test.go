package plan_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hardway/cluster"
	"hardway/plan"
	"hardway/test/sample"
)

// TestEveryHostWithoutATreeIsNamed holds that trees which are looked at side by side are reported together, in the order of
// the spec, and before any host is dialled.
func TestEveryHostWithoutATreeIsNamed(t *testing.T) {
	spec := sample.Spec(t)
	env := environment(t.TempDir(), spec)
	env.Dial = func(context.Context, cluster.Node) (plan.Conn, error) {
		t.Error("a host was dialled")
		return nil, errors.New("there is no host")
	}
	_, err := env.Execute(t.Context(), stepNamed(t, env, "distribute"), true)
	var want, got []string
	for _, n := range spec.Hosts {
		want = append(want, n.Name)
	}
	for _, p := range cluster.ProblemsOf(err) {
		got = append(got, p.Host)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("hosts without a tree: %s", diff)
	}
}
