package binaries

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hardway/artifact"
	"hardway/cluster"
)

func TestOnlyWhatStandsThereIsDelivered(t *testing.T) {
	work, spec := open(t)
	place(t, work, "bin/etcdctl", "\x7fELF ctl")
	place(t, work, "bin/etcd", "\x7fELF etcd")
	files, err := Files(work, spec, "etcd", "etcd", "etcdctl", "etcdutl")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 2 || files[0].Path != "/usr/local/bin/etcd" || files[1].Path != "/usr/local/bin/etcdctl" {
		t.Fatalf("delivered: %+v", files)
	}
	f := files[0]
	if f.Source != "bin/etcd" || f.Mode != 0o755 || f.OwnerOrRoot() != "root:root" || f.Secret || f.Component != "etcd" {
		t.Errorf("delivered as %+v", f)
	}
	if data, err := artifact.ReadAll(f.Content); err != nil || string(data) != "\x7fELF etcd" {
		t.Errorf("delivers %q: %v", data, err)
	}
}

func TestADirectoryThatSeveralClustersShareStandsWhereItSays(t *testing.T) {
	work, spec := open(t)
	shared := artifact.OpenWorkDir(t.TempDir())
	spec.Binaries.Dir = shared.Path("bin")
	place(t, shared, "bin/etcd", "\x7fELF etcd")
	files, err := Files(work, spec, "etcd", "etcd")
	if err != nil || len(files) != 1 {
		t.Fatalf("delivered: %+v, %v", files, err)
	}
	if data, err := artifact.ReadAll(files[0].Content); err != nil || string(data) != "\x7fELF etcd" {
		t.Errorf("delivers %q: %v", data, err)
	}
}

func TestWithoutADirectoryNothingIsDelivered(t *testing.T) {
	work, spec := open(t)
	files, err := Files(work, spec, "etcd", "etcd")
	if err != nil || files != nil {
		t.Errorf("got %v, %v", files, err)
	}
}

func TestWhatIsNoExecutableIsRefusedByName(t *testing.T) {
	for name, c := range map[string]struct {
		prepare func(t *testing.T, work *artifact.WorkDir)
		says    string
	}{
		"a directory": {func(t *testing.T, work *artifact.WorkDir) {
			if err := os.MkdirAll(work.Path("bin/etcd"), 0o755); err != nil {
				t.Fatal(err)
			}
		}, "no regular file"},
		"an empty file": {func(t *testing.T, work *artifact.WorkDir) { place(t, work, "bin/etcd", "") }, "is empty"},
		"a file in the place of the directory": {func(t *testing.T, work *artifact.WorkDir) { place(t, work, "bin", "x") },
			"not a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			work, spec := open(t)
			c.prepare(t, work)
			_, err := Files(work, spec, "etcd", "etcd")
			if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "bin/etcd") {
				t.Errorf("got %v, want the file named and %q", err, c.says)
			}
		})
	}
}

func open(t *testing.T) (*artifact.WorkDir, *cluster.Spec) {
	t.Helper()
	return artifact.OpenWorkDir(t.TempDir()), &cluster.Spec{Binaries: cluster.Binaries{Dir: "bin"}}
}

func place(t *testing.T, work *artifact.WorkDir, path, data string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(work.Path(path)), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(work.Path(path), []byte(data), 0o755); err != nil {
		t.Fatal(err)
	}
}
