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
	again := r.exits(0, "up")
	if !strings.Contains(again.out, "nothing changed") {
		t.Errorf("the second up does not say that nothing changed:\n%s", again.out)
	}
	if after := r.deliveredState(); !maps.Equal(state, after) {
		t.Errorf("files changed: %v, before %v", after, state)
	}
	if after := r.etcdPIDs(); !maps.Equal(pids, after) {
		t.Errorf("etcd restarted: %v, before %v", after, pids)
	}
	if doc := r.json(0, "diff"); len(doc.Changes) != 0 {
		t.Errorf("diff: %+v", doc.Changes)
	}
}

func TestOneFlippedByteIsNamedAndRepaired(t *testing.T) {
	r := rehearse(t)
	r.up()
	state, pids := r.deliveredState(), r.etcdPIDs()
	for _, path := range []string{"/etc/etcd/pki/server.crt", "/etc/kubernetes/pki/apiserver.crt", "/etc/systemd/system/etcd.service"} {
		flip(t, filepath.Join(r.Root("kmaster2"), path))
		doc := r.json(3, "diff")
		named := false
		for _, c := range doc.Changes {
			named = named || c.Host == "kmaster2" && c.Subject == path
			if c.Host != "kmaster2" {
				t.Errorf("diff names %s, only kmaster2 was touched", c.Host)
			}
		}
		if !named {
			t.Errorf("diff does not name %s on kmaster2: %+v", path, doc.Changes)
		}
		if repair := r.exits(0, "up"); strings.Contains(repair.out, "nothing changed") {
			t.Errorf("up repaired %s and says that nothing changed", path)
		}
		if after := r.deliveredState(); !maps.Equal(state, after) {
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
