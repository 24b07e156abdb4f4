//go:build e2e

package test

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"hardway/cluster"
	"hardway/plan"
)

// previousVariable names the directory with the etcd that an upgrade begins with: see test/kubernetes/previous.
const previousVariable = "HARDWAY_PREVIOUS"

// The release that an upgrade begins with, and the one it ends with.
const (
	previousEtcd = "v3.6.15"
	presentEtcd  = "v3.6.16"
)

// TestMachinesUpgrade kills `up` in each of its steps until it is through, and then has etcd upgraded by a change of the spec
// while clients use the API.
func TestMachinesUpgrade(t *testing.T) {
	m := withMachines(t, "4")
	c := &controlPlane{rehearsal: m.rehearsal}
	m.etcdFrom(filepath.Dir(previous(t, "etcd")))
	m.edit("etcd: {version: "+presentEtcd, "etcd: {version: "+previousEtcd)
	upIsKilledInEveryStep(t, m)
	m.exits(0, "up")
	everyServerIsReady(t, c)
	everyMachineIsWell(t, m)
	secondUpRestartsNothing(t, m)
	etcdIsUpgraded(t, m, c)
}

// previous is one of the programs that an upgrade begins with.
func previous(t *testing.T, name string) string {
	t.Helper()
	file := filepath.Join(os.Getenv(previousVariable), name)
	if _, err := os.Stat(file); err != nil || !filepath.IsAbs(file) {
		t.Fatalf("there is no %s in %s=%q: run `make e2e`", name, previousVariable, os.Getenv(previousVariable))
	}
	return file
}

// etcdFrom has the work directory's etcd be the one of a directory.
func (m *machines) etcdFrom(dir string) {
	m.t.Helper()
	for _, name := range []string{"etcd", "etcdctl", "etcdutl"} {
		there := filepath.Join(m.work, "bin", name)
		must(m.t, os.Remove(there))
		must(m.t, os.Symlink(filepath.Join(dir, name), there))
	}
}

// upIsKilledInEveryStep begins `up` again and again, each time killing it a step further: at its beginning, and where it works
// on hosts at each phase of that. A later `up` finds what the earlier ones left.
func upIsKilledInEveryStep(t *testing.T, m *machines) {
	points := []struct{ step, phase string }{
		{"validate", "begin"}, {"preflight", "begin"}, {"pki all", "begin"}, {"kubeconfig all", "begin"}, {"encryption-config", "begin"}, {"render all", "begin"},
		{"distribute", "begin"}, {"distribute", "stage"}, {"distribute", "send"},
		{"apply all", "begin"}, {"apply all", "commit"}, {"apply all", "arm"}, {"apply all", "enable"}, {"apply all", "start"}, {"apply all", "gate"},
		{"apply manifests", "begin"},
	}
	for _, p := range points {
		if !m.killedIn(p.step, p.phase) {
			t.Errorf("`up` was never in %s of %s", p.phase, p.step)
		}
	}
	t.Logf("`up` was killed at %d points", len(points))
}

// killedIn runs `up` and kills it as soon as it says that it is in a phase of a step. It reports whether it said so.
func (m *machines) killedIn(step, phase string) bool {
	m.t.Helper()
	up := exec.CommandContext(m.t.Context(), hardwayBinary, "up", "--progress", "json")
	up.Dir, up.Env = m.work, append(os.Environ(), "HOME="+m.work, "SSH_AUTH_SOCK=")
	events, err := up.StderrPipe()
	must(m.t, err)
	must(m.t, up.Start())
	defer func() { _ = up.Wait() }()
	for lines := bufio.NewScanner(events); lines.Scan(); {
		var e plan.Event
		if json.Unmarshal(lines.Bytes(), &e) == nil && e.Step == step && e.Phase == phase {
			must(m.t, up.Process.Kill())
			return true
		}
	}
	return false
}

// etcdIsUpgraded changes one line of the spec and what stands in bin, and holds what the README says of that: refused while
// the executables are the old ones, then rolled out one member at a time, which no client notices.
func etcdIsUpgraded(t *testing.T, m *machines, c *controlPlane) {
	m.edit("etcd: {version: "+previousEtcd, "etcd: {version: "+presentEtcd)
	if refused := m.exits(1, "render", "all"); !strings.Contains(refused.errors, previousEtcd) || !strings.Contains(refused.errors, presentEtcd) {
		t.Errorf("the old executables are refused with: %s", refused.errors)
	}
	m.etcdFrom(filepath.Dir(program(t, "etcd")))
	m.exits(0, "render", "all")
	before := m.running("etcd.service")
	report := c.underLoad(func() { m.exits(0, "apply", "all") })
	t.Logf("etcd %s to %s: %s", previousEtcd, presentEtcd, report)
	report.Failures = withoutWatchesAgain(t, report, len(c.masters()))
	if report.Failed() > 0 || report.Requests < 1000 {
		t.Errorf("the upgrade was noticed: %d of %d requests failed", report.Failed(), report.Requests)
	}
	for host, pid := range m.running("etcd.service") {
		if pid == before[host] {
			t.Errorf("%s: etcd was not restarted", host)
		}
		if got := m.ssh(host, "/usr/local/bin/etcd --version | head -n 1; cat /proc/"+pid+"/exe | cmp - /usr/local/bin/etcd && echo runs"); got != "etcd Version: "+strings.TrimPrefix(presentEtcd, "v")+"\nruns" {
			t.Errorf("%s: %s", host, got)
		}
	}
	m.exits(0, "etcd", "verify")
}

// running is the main process of a unit on every master.
func (m *machines) running(unit string) map[string]string {
	m.t.Helper()
	pids := map[string]string{}
	for _, n := range m.spec.With(cluster.RoleControlPlane) {
		pids[n.Name] = m.ssh(n.Name, "systemctl", "show", "-P", "MainPID", unit)
	}
	return pids
}
