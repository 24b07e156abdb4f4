package worker

import (
	"testing"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/pki"
	"hardway/test/sample"
)

// rig is a cluster with its certificates.
type rig struct {
	spec  *cluster.Spec
	store *pki.Store
}

func newRig(t *testing.T, edits ...func(*cluster.Spec)) rig {
	t.Helper()
	spec := sample.Spec(t, edits...)
	return rig{spec, sample.PKI(t, spec)}
}

func (r rig) node(t *testing.T, name string) cluster.Node { return sample.Node(t, r.spec, name) }

// files is what the node of this name holds.
func (r rig) files(t *testing.T, name string) []artifact.File {
	t.Helper()
	files, err := Files(r.spec, r.node(t, name), r.store)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func content(t *testing.T, f artifact.File) string {
	t.Helper()
	data, err := artifact.ReadAll(f.Content)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func at(t *testing.T, files []artifact.File, path string) artifact.File {
	t.Helper()
	for _, f := range files {
		if f.Path == path {
			return f
		}
	}
	t.Fatalf("%s is not delivered", path)
	return artifact.File{}
}

// The variations that the files of a node depend on.
func onMasters(s *cluster.Spec) { s.Worker.OnMasters = true }

func asking(s *cluster.Spec) { s.Worker.Bootstrap = "token" }

func otherNetwork(s *cluster.Spec) { s.Worker.CNI = "none" }

func running(v string) func(*cluster.Spec) {
	return func(s *cluster.Spec) { s.Kubernetes.Version = v }
}

func dual(s *cluster.Spec) {
	s.Network.PodCIDR = cluster.OneOrMore{"10.200.0.0/16", "fd00:200::/56"}
	s.Network.ServiceCIDR = cluster.OneOrMore{"10.32.0.0/24", "fd00:32::/112"}
	for i := range s.Hosts {
		s.Hosts[i].Address = append(s.Hosts[i].Address, "fd00:96::"+string(rune('1'+i)))
	}
}
