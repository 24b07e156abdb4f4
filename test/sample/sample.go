// Package sample is a cluster for tests: a spec as a person writes it, and a work directory with its certificates.
package sample

import (
	"context"
	_ "embed"
	"testing"
	"time"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/pki"
)

//go:embed cluster.yaml
var document []byte

// Spec is three masters, two balancers and two workers. The edits are made before it is defaulted and validated again.
func Spec(t testing.TB, edits ...func(*cluster.Spec)) *cluster.Spec {
	t.Helper()
	spec, err := cluster.Parse(document, "cluster.yaml")
	if err != nil {
		t.Fatalf("failed to parse the sample: %v", err)
	}
	for _, edit := range edits {
		edit(spec)
	}
	spec.Default()
	if problems := spec.Validate(); len(problems) > 0 {
		t.Fatalf("the edited sample is no valid spec: %v", problems)
	}
	return spec
}

// Node is a host of the spec by its name.
func Node(t testing.TB, spec *cluster.Spec, name string) cluster.Node {
	t.Helper()
	node, ok := spec.Node(name)
	if !ok {
		t.Fatalf("the sample has no host %s", name)
	}
	return node
}

// PKI is a new work directory with every certificate of the spec, valid now.
func PKI(t testing.TB, spec *cluster.Spec) *pki.Store {
	t.Helper()
	store := pki.Open(artifact.OpenWorkDir(t.TempDir()), spec)
	decisions, err := store.Plan(time.Now())
	if err == nil {
		err = store.Apply(context.Background(), decisions)
	}
	if err != nil {
		t.Fatalf("failed to issue the sample's certificates: %v", err)
	}
	return store
}
