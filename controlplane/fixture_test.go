package controlplane

import (
	"path"
	"testing"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/pki"
	"hardway/test/sample"
)

// versions is one of each minor version that is supported.
func versions() []string { return []string{"v1.34.0", "v1.35.4", "v1.36.3", "v1.37.2"} }

func running(v string) func(*cluster.Spec) {
	return func(s *cluster.Spec) { s.Kubernetes.Version = v }
}

// master is what kmaster1 is given, with certificates and encryption that were made for it.
type master struct {
	spec       *cluster.Spec
	node       cluster.Node
	store      *pki.Store
	encryption Encryption
}

func newMaster(t *testing.T, edits ...func(*cluster.Spec)) master {
	t.Helper()
	spec := sample.Spec(t, edits...)
	store := sample.PKI(t, spec)
	p, err := PlanEncryption(store.WorkDir(), spec, fixed(7))
	if err != nil {
		t.Fatal(err)
	}
	if err := store.WorkDir().Commit(p.Files); err != nil {
		t.Fatal(err)
	}
	encryption, err := LoadEncryption(store.WorkDir())
	if err != nil {
		t.Fatal(err)
	}
	return master{spec, sample.Node(t, spec, "kmaster1"), store, encryption}
}

// withPrograms puts something for each program of the units into binaries.dir.
func (m master) withPrograms(t *testing.T) master {
	t.Helper()
	var files []artifact.Local
	for _, program := range Programs() {
		files = append(files, artifact.Local{Path: "bin/" + path.Base(program), Mode: 0o755, Data: []byte("what runs")})
	}
	if err := m.store.WorkDir().Commit(files); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m master) files(t *testing.T) []artifact.File {
	t.Helper()
	files, err := Files(m.spec, m.node, m.store, m.encryption)
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

// value is the value of a flag on a unit's command line, and whether it stands there.
func value(settings []setting, name string) (string, bool) {
	for _, s := range settings {
		if s.name == name {
			return s.value, true
		}
	}
	return "", false
}
