package binaries

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"hardway/artifact"
)

// The version of an executable is what the Go toolchain has written into it, the architecture what its header says.
func TestWhatExecutablesSayOfThemselves(t *testing.T) {
	if s := stampOf(built(t, "go.etcd.io/etcd/etcdctl/v3", "v3.6.16"), "go.etcd.io/etcd"); s != (stamp{runtime.GOARCH, "v3.6.16"}) {
		t.Errorf("etcdctl: %+v", s)
	}
	if s := stampOf(built(t, "go.etcd.io/etcd/etcdctl/v3", "v3.6.16"), "k8s.io/kubernetes"); s != (stamp{runtime.GOARCH, ""}) {
		t.Errorf("etcdctl as one of Kubernetes: %+v", s)
	}
	me, err := os.Executable()
	must(t, err)
	if s := stampOf(me, "hardway"); s != (stamp{runtime.GOARCH, ""}) {
		t.Errorf("this test: %+v", s)
	}
	text := filepath.Join(t.TempDir(), "text")
	must(t, os.WriteFile(text, []byte("#!/bin/sh\n"), 0o755))
	if s := stampOf(text, ""); s != (stamp{}) {
		t.Errorf("a script: %+v", s)
	}
}

// built is the tool of `make tools`, which is built from its module.
func built(t *testing.T, module, version string) string {
	t.Helper()
	file, err := exec.LookPath("etcdctl")
	if err != nil {
		t.Fatalf("%v; `make tools` installs what the tests need", err)
	}
	out, err := exec.Command("go", "version", "-m", file).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "mod\t"+module+"\t"+version) {
		t.Fatalf("%s is not %s %s: %v\n%s", file, module, version, err, out)
	}
	return file
}

func TestVersionsThatAreNone(t *testing.T) {
	for version, want := range map[string]bool{
		"v1.36.3": true, "v1.36.3-rc.1": true, "(devel)": false, "": false, "v1.36.4-0.20260102030405-0123456789ab": false, "master": false,
	} {
		if released.MatchString(version) != want {
			t.Errorf("%q counts as a release: %v", version, !want)
		}
	}
}

func TestVerdicts(t *testing.T) {
	b := Binary{Version: "v1.36.3", Arch: "amd64"}
	fetched := record{"v1.36.3", "amd64", "sum", "url"}
	for name, c := range map[string]struct {
		fetched record
		says    stamp
		state   State
		reason  string
	}{
		"fetched":                              {fetched, stamp{"amd64", ""}, OK, "verified"},
		"fetched, and says so":                 {fetched, stamp{"amd64", "v1.36.3"}, OK, "verified"},
		"built from its module":                {record{}, stamp{"amd64", "v1.36.3"}, OK, "says that it is v1.36.3"},
		"of nobody knows where":                {record{}, stamp{"amd64", ""}, Unknown, "does not say"},
		"a script":                             {record{}, stamp{}, Unknown, "does not say"},
		"another version":                      {record{}, stamp{"amd64", "v1.35.0"}, Wrong, "is v1.35.0, the spec says v1.36.3"},
		"another version, fetched by its name": {fetched, stamp{"amd64", "v1.35.0"}, Wrong, "is v1.35.0"},
		"another architecture":                 {record{}, stamp{"arm64", "v1.36.3"}, Wrong, "is made for arm64, the spec says amd64"},
		"fetched for another version":          {record{"v1.35.0", "amd64", "sum", ""}, stamp{"amd64", ""}, Wrong, "fetched as v1.35.0"},
		"changed since":                        {record{"v1.36.3", "amd64", "other", ""}, stamp{"amd64", "v1.36.3"}, Wrong, "not what was fetched"},
	} {
		if state, reason := verdict(b, "sum", c.fetched, c.says); state != c.state || !strings.Contains(reason, c.reason) {
			t.Errorf("%s: %s, %s", name, state, reason)
		}
	}
}

// Another version in the spec refuses what is there until it is fetched; what was changed by a hand is refused as well.
func TestAnotherVersionIsRefusedUntilItIsFetched(t *testing.T) {
	r := newRig(t)
	must(t, r.fetch())
	deliver := func() (string, error) {
		files, err := Files(artifact.OpenWorkDir(r.work.Path()), r.spec, "controlplane", "kube-apiserver", "kube-scheduler")
		var paths []string
		for _, f := range files {
			paths = append(paths, f.Path)
		}
		return strings.Join(paths, " "), err
	}
	if got, err := deliver(); err != nil || got != "/usr/local/bin/kube-apiserver /usr/local/bin/kube-scheduler" {
		t.Fatalf("%q, %v", got, err)
	}
	r.release(t, "v1.36.4", "v3.6.16", "v1.9.1")
	r.spec.Kubernetes.Version = "v1.36.4"
	if _, err := deliver(); err == nil || !strings.Contains(err.Error(), "bin/kube-apiserver: was fetched as v1.36.3") ||
		!strings.Contains(err.Error(), "bin/kube-scheduler") {
		t.Errorf("got %v", err)
	}
	must(t, r.fetch())
	if _, err := deliver(); err != nil {
		t.Errorf("got %v", err)
	}
	must(t, os.WriteFile(r.work.Path("bin/kube-apiserver"), []byte("something else"), 0o755))
	if _, err := deliver(); err == nil || !strings.Contains(err.Error(), "bin/kube-apiserver: is not what was fetched any more") {
		t.Errorf("got %v", err)
	}
	must(t, os.Remove(r.work.Path("bin", fetchDir, "kube-apiserver.json")))
	if _, err := deliver(); err != nil {
		t.Errorf("one of their own is refused: %v", err)
	}
}

func TestPluginsHaveADirectoryOfTheirOwn(t *testing.T) {
	r := newRig(t)
	must(t, r.fetch("cni/bridge", "cni/portmap"))
	files, err := Files(r.work, r.spec, "worker", "cni/bridge", "cni/loopback", "cni/portmap")
	must(t, err)
	if len(files) != 2 || files[0].Path != "/opt/cni/bin/bridge" || files[1].Source != "bin/cni/portmap" {
		t.Errorf("got %+v", files)
	}
}

func TestHostsNeedWhatTheirRolesRun(t *testing.T) {
	r := newRig(t)
	names := func(host string) string {
		node, _ := r.spec.Node(host)
		var out []string
		for _, b := range Wanted(r.spec, append(r.spec.Hosts[:0:0], node)) {
			out = append(out, b.Name)
		}
		return strings.Join(out, " ")
	}
	const worker = "kubelet kube-proxy cni/bridge cni/host-local cni/loopback cni/portmap"
	const master = "etcd etcdctl etcdutl kube-apiserver kube-controller-manager kube-scheduler kubectl"
	if got := names("w1"); got != worker {
		t.Errorf("a worker needs %s", got)
	}
	if got := names("m1"); got != master {
		t.Errorf("a master needs %s", got)
	}
	r.spec.Worker.CNIBinDir = "/usr/lib/cni"
	if got := names("w1"); got != "kubelet kube-proxy" {
		t.Errorf("a worker with its distribution's plugins needs %s", got)
	}
	r.spec.Worker.OnMasters, r.spec.Worker.CNI = true, "none"
	if got := names("m1"); got != master+" kubelet kube-proxy" {
		t.Errorf("a master with a kubelet, with a CNI of its own, needs %s", got)
	}
}
