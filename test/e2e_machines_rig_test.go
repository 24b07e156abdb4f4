//go:build e2e

package test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"hardway/lab"
)

// labBinary builds hardway-lab once for all tests.
var labBinary = sync.OnceValues(func() (string, error) {
	file := filepath.Join(filepath.Dir(hardwayBinary), "hardway-lab")
	build := exec.Command("go", "build", "-o", file, "hardway/cmd/hardway-lab")
	build.Stderr = os.Stderr
	return file, build.Run()
})

// machines is a lab of containers with the real systemd, and with the real Kubernetes in its bin directory. Each has a
// name and a network of its own, so that tests can run side by side.
type machines struct {
	*rehearsal
	binary string
}

// addonsVariable names the directory with the images and CNI plugins that these tests run: see test/kubernetes/addons.
const addonsVariable = "HARDWAY_ADDONS"

// withMachines is a lab of so many hosts: three masters, then a balancer, then workers, with images for those that run pods.
// Nothing of the cluster is on them yet.
func withMachines(t *testing.T, hosts string) *machines {
	t.Helper()
	m := newMachines(t)
	m.begin("--hosts", hosts)
	return m
}

// newMachines is a lab whose machines are still to begin.
func newMachines(t *testing.T) *machines {
	t.Helper()
	binary, err := labBinary()
	if err != nil {
		t.Fatal(err)
	}
	m := &machines{rehearsal: &rehearsal{t: t, work: filepath.Join(t.TempDir(), "lab")}, binary: binary}
	t.Cleanup(func() {
		m.t = t
		m.lab("down", "--purge")
	})
	return m
}

// begin makes the machines, with images for those that run pods, and the work directory with its executables.
func (m *machines) begin(hosts ...string) {
	m.t.Helper()
	refuseCompany(m.t)
	began := time.Now()
	m.lab(append([]string{"up", "--driver", "container", "--images", addon(m.t, "images.tar")}, hosts...)...)
	m.provide(filepath.Dir(program(m.t, "kube-apiserver")), addon(m.t, "cni"))
	m.readSpec()
	m.t.Logf("%d machines answer after %v", len(m.spec.Hosts), time.Since(began).Round(10*time.Millisecond))
}

// enoughWatches is how many inotify instances two labs take together, about: kubelets that find none left do not start.
const enoughWatches = 240

// refuseCompany ends a test that could not succeed: one lab at a time is what a kernel with the usual limit has instances for.
func refuseCompany(t *testing.T) {
	t.Helper()
	limit, err := os.ReadFile("/proc/sys/fs/inotify/max_user_instances")
	must(t, err)
	if n, err := strconv.Atoi(strings.TrimSpace(string(limit))); err != nil || n >= enoughWatches {
		return
	}
	others, err := exec.Command("docker", "ps", "--quiet", "--filter", "label=hardway.lab").Output()
	must(t, err)
	if n := len(strings.Fields(string(others))); n > 0 {
		t.Fatalf("%d machines of another lab run, and the kernel has %s inotify instances for all: take it down (hardway-lab down --dir DIR), or raise fs.inotify.max_user_instances", n, strings.TrimSpace(string(limit)))
	}
}

// addon is one of what make e2e has built besides Kubernetes.
func addon(t *testing.T, name string) string {
	t.Helper()
	file := filepath.Join(os.Getenv(addonsVariable), name)
	if _, err := os.Stat(file); err != nil || !filepath.IsAbs(file) {
		t.Fatalf("there is no %s in %s=%q: run `make e2e`", name, addonsVariable, os.Getenv(addonsVariable))
	}
	return file
}

// provide puts executables into the work directory's bin: each that a directory holds, and a directory of plugins.
func (m *machines) provide(dir, plugins string) {
	m.t.Helper()
	bin := filepath.Join(m.work, "bin")
	must(m.t, os.MkdirAll(bin, 0o755))
	entries, err := os.ReadDir(dir)
	must(m.t, err)
	for _, e := range entries {
		must(m.t, os.Symlink(filepath.Join(dir, e.Name()), filepath.Join(bin, e.Name())))
	}
	must(m.t, os.Symlink(plugins, filepath.Join(bin, filepath.Base(plugins))))
}

// lab runs hardway-lab, which has to succeed, and gives what it prints. It runs also when the test has ended.
func (m *machines) lab(args ...string) string {
	m.t.Helper()
	command := exec.Command(m.binary, append(args, "--dir", m.work)...)
	var errs bytes.Buffer
	command.Stderr = &errs
	out, err := command.Output()
	if err != nil {
		m.t.Fatalf("hardway-lab %s: %v: %s", strings.Join(args, " "), err, errs.String())
	}
	return string(out)
}

// states is the state of each machine, and of each unit that failed, as host/unit.
func (m *machines) states() map[string]string {
	m.t.Helper()
	var report struct{ Items []lab.UnitStatus }
	if err := json.Unmarshal([]byte(m.lab("status", "-o", "json")), &report); err != nil {
		m.t.Fatal(err)
	}
	states := map[string]string{}
	for _, row := range report.Items {
		states[strings.TrimSuffix(row.Host+"/"+row.Unit, "/")] = row.State
	}
	return states
}

// ssh runs a command on a machine through OpenSSH's client, with the keys and the known_hosts that the lab has written.
func (m *machines) ssh(host string, words ...string) string {
	m.t.Helper()
	node, ok := m.spec.Node(host)
	if !ok {
		m.t.Fatalf("no host %s", host)
	}
	args := append([]string{"-F", "none", "-i", filepath.Join(m.work, "id_ed25519"), "-o", "UserKnownHostsFile=" + filepath.Join(m.work, "known_hosts"),
		"-o", "StrictHostKeyChecking=yes", "-o", "BatchMode=yes", "root@" + node.PrimaryAddress(), "--"}, words...)
	out, err := exec.CommandContext(m.t.Context(), "ssh", args...).CombinedOutput()
	if err != nil {
		m.t.Fatalf("%s: %s: %v: %s", host, strings.Join(words, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// units is what systemd says of each unit of a host: its state and its main process.
func (m *machines) units(host string, names ...string) string {
	m.t.Helper()
	return m.ssh(host, append([]string{"systemctl", "show", "--property=Id,ActiveState,MainPID,NRestarts"}, names...)...)
}
