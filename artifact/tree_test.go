package artifact_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"hardway/artifact"
)

func writeTree(t *testing.T, w *artifact.WorkDir) artifact.Tree {
	t.Helper()
	must(t, w.Commit([]artifact.Local{{Path: "pki/m1/server.key", Mode: 0o600, Data: []byte("secret")}}))
	tree := artifact.Tree{Node: "m1"}.Replace("etcd", []artifact.File{
		{Path: "/etc/etcd/pki", Mode: fs.ModeDir | 0o750, Owner: "root:etcd", Component: "etcd"},
		{Path: "/etc/etcd/pki/ca-bundle.crt", Mode: 0o644, Component: "etcd", Content: artifact.Bytes([]byte("bundle"))},
		{
			Path: "/etc/etcd/pki/server.key", Mode: 0o640, Owner: "root:etcd", Component: "etcd", Secret: true,
			Source: "pki/m1/server.key", Content: artifact.FromFile(w.Path("pki/m1/server.key")),
		},
	})
	locals, err := tree.Locals()
	must(t, err)
	must(t, w.Commit(locals))
	return tree
}

func TestTreeComesBackAsItWasWritten(t *testing.T) {
	w := artifact.OpenWorkDir(t.TempDir())
	want := writeTree(t, w)
	got, drifts, err := artifact.LoadTree(w, "m1")
	must(t, err)
	if len(drifts) != 0 {
		t.Errorf("drifts: %v", drifts)
	}
	if len(got.Files) != len(want.Files) {
		t.Fatalf("got %d files, want %d", len(got.Files), len(want.Files))
	}
	for i, f := range got.Files {
		w := want.Files[i]
		if f.Path != w.Path || f.Mode != w.Mode || f.OwnerOrRoot() != w.OwnerOrRoot() || f.Secret != w.Secret || f.Component != w.Component {
			t.Errorf("got %+v, want %+v", f, w)
		}
	}
}

func TestSecretsNeverStandInTheTree(t *testing.T) {
	dir := t.TempDir()
	writeTree(t, artifact.OpenWorkDir(dir))
	err := filepath.WalkDir(filepath.Join(dir, "hosts"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if string(data) == "secret" {
			t.Errorf("%s holds a secret", path)
		}
		return err
	})
	must(t, err)
}

func TestLoadTreeNamesWhatIsNoLongerWhatWasRendered(t *testing.T) {
	bundle := artifact.TreePath("m1", "/etc/etcd/pki/ca-bundle.crt")
	for name, c := range map[string]struct {
		spoil func(w *artifact.WorkDir) error
		want  artifact.Drift
	}{
		"edited by hand": {
			func(w *artifact.WorkDir) error { return os.WriteFile(w.Path(bundle), []byte("other"), 0o644) },
			artifact.Drift{Node: "m1", Path: "/etc/etcd/pki/ca-bundle.crt"},
		},
		"gone": {
			func(w *artifact.WorkDir) error { return os.Remove(w.Path(bundle)) },
			artifact.Drift{Node: "m1", Path: "/etc/etcd/pki/ca-bundle.crt", Gone: true},
		},
		"source changed": {
			func(w *artifact.WorkDir) error {
				return os.WriteFile(w.Path("pki/m1/server.key"), []byte("new"), 0o600)
			},
			artifact.Drift{Node: "m1", Path: "/etc/etcd/pki/server.key", Source: "pki/m1/server.key"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := artifact.OpenWorkDir(t.TempDir())
			writeTree(t, w)
			must(t, c.spoil(w))
			_, drifts, err := artifact.LoadTree(w, "m1")
			must(t, err)
			if len(drifts) != 1 || drifts[0] != c.want {
				t.Errorf("drifts %+v, want %+v", drifts, c.want)
			}
		})
	}
}
