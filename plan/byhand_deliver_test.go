package plan_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/test/sample"
)

// machines is a folder per host, and how the printed commands reach them.
type machines struct {
	t     *testing.T
	spec  *cluster.Spec
	work  string
	hosts string
	env   []string
}

func newMachines(t *testing.T, spec *cluster.Spec, work string) *machines {
	t.Helper()
	shims, err := filepath.Abs(filepath.Join("testdata", "byhand"))
	if err != nil {
		t.Fatal(err)
	}
	sftp, err := exec.LookPath("sftp")
	if err != nil {
		t.Fatalf("%v; `make tools` installs what the tests need", err)
	}
	m := &machines{t: t, spec: spec, work: work, hosts: t.TempDir()}
	m.env = []string{"PATH=" + shims + ":" + os.Getenv("PATH"), "HOSTS=" + m.hosts, "REMOTE=" + filepath.Join(shims, "remote"), "SFTP=" + sftp}
	for _, n := range spec.Hosts {
		// What a freshly installed machine has.
		for _, dir := range []string{"etc/systemd/system", "usr/local/bin", "opt", "run", "var/lib", "var/log"} {
			if err := os.MkdirAll(m.path(n, dir), 0o755); err != nil {
				t.Fatal(err)
			}
		}
	}
	return m
}

func (m *machines) path(n cluster.Node, file string) string {
	return filepath.Join(m.hosts, n.PrimaryAddress(), file)
}

// script runs the printed commands of a step against the folders.
func (m *machines) script(step string, env ...string) (string, error) {
	m.t.Helper()
	file := filepath.Join(m.t.TempDir(), "script.sh")
	if err := os.WriteFile(file, []byte(explained(m.t, m.spec, true, step)), 0o600); err != nil {
		m.t.Fatal(err)
	}
	cmd := exec.CommandContext(m.t.Context(), "bash", file)
	cmd.Dir, cmd.Env = m.work, append(append(os.Environ(), m.env...), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// manifest is what hardway rendered for a host.
type manifest struct {
	Files []struct {
		Path, Mode, Owner, SHA256 string
		Directory                 bool
	}
}

func rendered(t *testing.T, work, node string) manifest {
	t.Helper()
	var m manifest
	if err := json.Unmarshal(read(t, work, artifact.TreePath(node, artifact.ManifestName)), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// workDirByHand is a work directory with everything that the shell can make, and some executables.
func workDirByHand(t *testing.T, spec *cluster.Spec) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"etcd", "kube-scheduler", "kubelet", "cni/bridge"} {
		file := filepath.Join(dir, spec.Binaries.Dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("#!/bin/true "+name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	byHand(t, dir, spec, "pki all", "encryption-config", "render all")
	return dir
}

// The trees made by hand are the ones that hardway renders, byte for byte, hashes of inputs included: all that hardway adds
// are its manifests.
func TestPrintedCommandsRenderWhatHardwayRenders(t *testing.T) {
	t.Parallel()
	spec := sample.Spec(t, func(s *cluster.Spec) { s.Binaries.Dir = "my binaries" })
	dir := workDirByHand(t, spec)
	var manifests []string
	for _, report := range byHardway(t, dir, spec, "render all") {
		for _, c := range report.Changes {
			if filepath.Base(c.Subject) != artifact.ManifestName || c.Action != "create" {
				t.Errorf("hardway would %s %s: %s", c.Action, c.Subject, c.Reason)
			}
			manifests = append(manifests, c.Subject)
		}
	}
	if len(manifests) != len(spec.Hosts) {
		t.Errorf("hardway wrote %v, want a manifest for each host", manifests)
	}
}

func TestPrintedCommandsDeliverWhatIsRendered(t *testing.T) {
	t.Parallel()
	spec := sample.Spec(t, func(s *cluster.Spec) { s.Binaries.Dir = "my binaries" })
	work := workDirByHand(t, spec)
	byHardway(t, work, spec, "render all")
	m := newMachines(t, spec, work)

	if out, err := m.script("distribute", "ACTIVE=etcd.service"); err == nil || !strings.Contains(out, "one of these runs on kmaster1") {
		t.Errorf("distributed under a running unit: %v\n%s", err, out)
	}
	for _, n := range spec.Hosts {
		if found := m.standing(n); len(found) > 0 {
			t.Errorf("%s was touched although a unit runs: %v", n.Name, keys(found))
		}
	}
	if out, err := m.script("distribute"); err != nil {
		t.Fatalf("distribute by hand: %v\n%s", err, out)
	}
	for _, n := range spec.Hosts {
		want := map[string]string{}
		for _, f := range rendered(t, work, n.Name).Files {
			want[f.Path] = fmt.Sprintf("%s %s %s", f.Mode, f.Owner, f.SHA256)
		}
		if diff := cmp.Diff(want, m.standing(n)); diff != "" {
			t.Errorf("%s (- rendered, + delivered by hand):\n%s", n.Name, diff)
		}
	}
	m.differs()
}

// differs holds the commands of diff against machines that are as they should be, and against one where they are not.
func (m *machines) differs() {
	m.t.Helper()
	master := m.spec.With(cluster.RoleControlPlane)[1]
	if out, err := m.script("diff"); err != nil || strings.Contains(out, "differ") || !strings.Contains(out, "etcd.service: start or restart") {
		m.t.Errorf("diff of machines that hold what they should and run nothing: %v\n%s", err, out)
	}
	if err := os.WriteFile(m.path(master, "etc/kubernetes/pki/sa.key"), []byte("other"), 0o600); err != nil {
		m.t.Fatal(err)
	}
	if err := os.Chmod(m.path(master, "etc/kubernetes/pki"), 0o777); err != nil {
		m.t.Fatal(err)
	}
	out, err := m.script("diff")
	if err != nil || strings.Count(out, "differ") != 2 {
		m.t.Errorf("diff with two differences: %v\n%s", err, out)
	}
	for _, want := range []string{
		master.Name + ": files differ", "/etc/kubernetes/pki/sa.key: FAILED",
		master.Name + ": modes or owners differ", "\n-777 root:root /etc/kubernetes/pki\n+755 root:root /etc/kubernetes/pki\n",
	} {
		if !strings.Contains(out, want) {
			m.t.Errorf("diff does not say %q:\n%s", want, out)
		}
	}
}

// standing is what was put on a host: mode, owner and digest by path, without the directories of a fresh machine.
func (m *machines) standing(n cluster.Node) map[string]string {
	m.t.Helper()
	root := m.path(n, "")
	owners := m.owners(n)
	found := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		there := strings.TrimPrefix(path, root)
		info, err := d.Info()
		if err != nil {
			return err
		}
		owner, known := owners[there]
		if d.IsDir() {
			if known {
				found[there] = fmt.Sprintf("%04o %s ", info.Mode().Perm(), owner)
			}
			return nil
		}
		if !known {
			owner = "root:root"
		}
		sum, err := artifact.FromFile(path).SHA256()
		found[there] = fmt.Sprintf("%04o %s %s", info.Mode().Perm(), owner, sum)
		return err
	})
	if err != nil {
		m.t.Fatal(err)
	}
	return found
}

// owners is who was made the owner of what, by the path it was renamed to.
func (m *machines) owners(n cluster.Node) map[string]string {
	m.t.Helper()
	log, err := os.ReadFile(m.path(n, "") + ".log")
	if err != nil && !os.IsNotExist(err) {
		m.t.Fatal(err)
	}
	owners := map[string]string{}
	for line := range strings.Lines(strings.ReplaceAll(string(log), m.path(n, ""), "")) {
		words := strings.Fields(line)
		switch {
		case words[0] == "chown":
			owners[strings.Replace(words[2], "/.hardway-stage", "", 1)] = words[1]
		case words[0] == "install" && slices.Contains(words, "-o"):
			owners[words[8]] = words[5] + ":" + words[7]
		}
	}
	return owners
}

func TestPrintedCommandsNeverBeginAClusterBesideData(t *testing.T) {
	t.Parallel()
	spec := sample.Spec(t)
	m := newMachines(t, spec, t.TempDir())
	for i, n := range spec.With(cluster.RoleEtcd) {
		for _, file := range []string{"etc/systemd/system/etcd.service", "usr/local/bin/etcd"} {
			if err := os.WriteFile(m.path(n, file), nil, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if i == 2 {
			if err := os.MkdirAll(m.path(n, "var/lib/etcd/member"), 0o700); err != nil {
				t.Fatal(err)
			}
		}
	}
	out, err := m.script("apply etcd")
	if err == nil || !strings.Contains(out, "kmaster3: ") || !strings.Contains(out, "is not empty") {
		t.Errorf("a cluster was begun beside the data of kmaster3: %v\n%s", err, out)
	}
	for _, n := range spec.With(cluster.RoleEtcd) {
		if _, err := os.Stat(m.path(n, "run/hardway")); err == nil {
			t.Errorf("%s was armed", n.Name)
		}
		if log, _ := os.ReadFile(m.path(n, "") + ".log"); strings.Contains(string(log), "start") {
			t.Errorf("%s was started: %s", n.Name, log)
		}
	}
}
