package test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMainJobStepByStep(t *testing.T) {
	r := rehearse(t)
	for _, step := range []string{
		"validate", "pki all", "kubeconfig all", "encryption-config", "render all", "distribute", "apply etcd", "etcd verify",
	} {
		r.exits(0, strings.Fields(step)...)
	}
	doc := r.json(0, "etcd", "verify")
	if doc.Kind != "EtcdVerifyReport" || len(doc.Items) != 3 || len(doc.Problems) != 0 {
		t.Errorf("etcd verify: %+v", doc)
	}
}

func TestSecondUpChangesNothingAndSaysSo(t *testing.T) {
	r := rehearse(t)
	r.up()
	state, pids := r.deliveredState(), r.etcdPIDs()
	if len(state) == 0 {
		t.Fatal("nothing was delivered")
	}
	again := r.exits(0, "up", "--skip", skipped)
	if !strings.Contains(again.out, "nothing changed") {
		t.Errorf("the second up does not say that nothing changed:\n%s", again.out)
	}
	if after := r.deliveredState(); !maps.Equal(state, after) {
		t.Errorf("files changed: %v, before %v", after, state)
	}
	if after := r.etcdPIDs(); !maps.Equal(pids, after) {
		t.Errorf("etcd restarted: %v, before %v", after, pids)
	}
	if left := r.differences(); len(left) != 0 {
		t.Errorf("diff: %+v", left)
	}
}

func TestOneFlippedByteIsNamedAndRepaired(t *testing.T) {
	r := rehearse(t)
	r.up()
	state, pids := withoutGenerations(r.deliveredState()), r.etcdPIDs()
	for _, path := range []string{"/etc/etcd/pki/server.crt", "/etc/kubernetes/pki/apiserver.crt", "/etc/systemd/system/etcd.service"} {
		flip(t, filepath.Join(r.Root("kmaster2"), path))
		changes := r.differences()
		named := false
		for _, c := range changes {
			named = named || c.Host == "kmaster2" && c.Subject == path
			if c.Host != "kmaster2" {
				t.Errorf("diff names %s, only kmaster2 was touched", c.Host)
			}
		}
		if !named {
			t.Errorf("diff does not name %s on kmaster2: %+v", path, changes)
		}
		if repair := r.exits(0, "up", "--skip", skipped); strings.Contains(repair.out, "nothing changed") {
			t.Errorf("up repaired %s and says that nothing changed", path)
		}
		if after := withoutGenerations(r.deliveredState()); !maps.Equal(state, after) {
			t.Errorf("%s was not repaired", path)
		}
	}
	if after := r.etcdPIDs(); !maps.Equal(pids, after) {
		t.Errorf("etcd restarted, but nothing it reads only at start had changed for it: %v, before %v", after, pids)
	}
}

func flip(t *testing.T, file string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(file, data, info.Mode()); err != nil {
		t.Fatal(err)
	}
}

// A change of what etcd reads only at start restarts every member, one at a time, and the data stays.
func TestChangedInputsRestartMembersOneAtATime(t *testing.T) {
	r := rehearse(t)
	r.up()
	pids := r.etcdPIDs()
	// One more accepted root, as in the first stage of a rotation, is one more certificate in the trust bundle.
	root, err := os.ReadFile(filepath.Join(r.work, "pki/front-proxy-ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	r.write("pki/etcd-ca.retired.crt", string(root))
	doc := r.json(0, "up", "--skip", skipped)
	restarts := map[string]bool{}
	for _, c := range doc.Changes {
		if c.Subject == "etcd.service" && c.Action == "restart" {
			restarts[c.Host] = true
		}
	}
	after := r.etcdPIDs()
	for _, n := range r.spec.Hosts {
		if !restarts[n.Name] || after[n.Name] == pids[n.Name] || after[n.Name] == 0 {
			t.Errorf("%s: restart reported %v, process %d, before %d", n.Name, restarts[n.Name], after[n.Name], pids[n.Name])
		}
	}
	// Nothing is stale any more: the processes run on the definitions that were delivered.
	if left := r.differences(); len(left) != 0 {
		t.Errorf("diff: %+v", left)
	}
	r.exits(0, "etcd", "verify")
}

// A changed member list restarts nothing: --initial-cluster counts only for the very first start.
func TestChangedInitialClusterRestartsNothing(t *testing.T) {
	r := rehearse(t)
	r.up()
	pids := r.etcdPIDs()
	unit := filepath.Join(r.Root("kmaster1"), "/etc/systemd/system/etcd.service")
	data, err := os.ReadFile(unit)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(unit, []byte(strings.Replace(string(data), "kmaster3=https", "kmasterX=https", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	doc := r.json(3, "etcd", "verify")
	if len(doc.Problems) != 1 || doc.Problems[0].Host != "kmaster1" || !strings.Contains(doc.Problems[0].Message, "kmasterX") {
		t.Errorf("etcd verify does not name the unit that disagrees: %+v", doc.Problems)
	}
	r.exits(0, "up", "--skip", skipped)
	if after := r.etcdPIDs(); !maps.Equal(pids, after) {
		t.Errorf("etcd restarted: %v, before %v", after, pids)
	}
}

// Members that lost their data are never started as new: they would form an empty cluster in the place of the old one.
func TestWipedMembersAreRefused(t *testing.T) {
	r := rehearse(t)
	r.up()
	for _, host := range []string{"kmaster2", "kmaster3"} {
		r.systemctl(host, "stop", "etcd.service")
		if err := r.Wipe(host, "/var/lib/etcd"); err != nil {
			t.Fatal(err)
		}
		got := r.exits(1, "apply", "etcd")
		if !strings.Contains(got.errors, host+": /var/lib/etcd: is wiped") || !strings.Contains(got.errors, "hint:") {
			t.Errorf("apply etcd does not say that %s was wiped:\n%s", host, got.errors)
		}
	}
	doc := r.json(3, "etcd", "verify")
	named := map[string]bool{}
	for _, p := range doc.Problems {
		named[p.Host] = true
	}
	if !named["kmaster2"] || !named["kmaster3"] {
		t.Errorf("etcd verify does not name the wiped members: %+v", doc.Problems)
	}
}

// A single member has nobody to hand its lead to, and is its own quorum.
func TestSingleMember(t *testing.T) {
	r := rehearseWith(t, 1)
	r.up()
	pid := r.etcdPIDs()["kmaster1"]
	root, err := os.ReadFile(filepath.Join(r.work, "pki/front-proxy-ca.crt"))
	if err != nil {
		t.Fatal(err)
	}
	r.write("pki/etcd-ca.retired.crt", string(root))
	r.exits(0, "up", "--skip", skipped)
	if r.etcdPIDs()["kmaster1"] == pid {
		t.Error("etcd was not restarted, though what it trusts changed")
	}
	r.exits(0, "etcd", "verify")
}
