package test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What was delivered once and is wanted no longer is taken off, secrets before all, and nothing else is.
func TestWhatIsWantedNoLongerIsTakenOff(t *testing.T) {
	r := rehearse(t)
	r.up()
	stands := func(host, path string) bool {
		_, err := os.Stat(filepath.Join(r.Root(host), path))
		return err == nil
	}
	if !stands("kmaster1", "/etc/kubernetes/pki/ca.key") {
		t.Fatal("masters that sign do not hold ca.key")
	}
	r.edit("  rollout:", "  pki: {signOnMasters: false}\n  rollout:")
	r.exits(0, "render", "all")
	r.exits(3, "diff")
	r.exits(0, "distribute")
	for _, n := range r.spec.Hosts {
		if stands(n.Name, "/etc/kubernetes/pki/ca.key") {
			t.Errorf("%s still holds ca.key", n.Name)
		}
	}
	if left := r.differences(); len(left) != 0 {
		t.Errorf("diff: %+v", left)
	}

	// A host that is no master any more holds no more of one, and goes on as etcd member.
	pids := r.etcdPIDs()
	r.edit("name: kmaster3, address: "+r.spec.Hosts[2].PrimaryAddress()+", roles: [etcd, control-plane]",
		"name: kmaster3, address: "+r.spec.Hosts[2].PrimaryAddress()+", roles: [etcd]")
	r.exits(0, "up", "--skip", skipped)
	for _, path := range []string{
		"/etc/kubernetes/pki/sa.key", "/etc/kubernetes/encryption-config.yaml", "/etc/systemd/system/kube-apiserver.service",
	} {
		if stands("kmaster3", path) {
			t.Errorf("kmaster3 is no master any more and still holds %s", path)
		}
		if !stands("kmaster2", path) {
			t.Errorf("kmaster2 is a master and lost %s", path)
		}
	}
	if after := r.etcdPIDs(); after["kmaster3"] != pids["kmaster3"] {
		t.Error("etcd of kmaster3 was restarted")
	}
	if left := r.differences(); len(left) != 0 {
		t.Errorf("diff: %+v", left)
	}
}

// What is shipped is what the spec gives now: neither an older rendering nor a manifest that a hand was in.
func TestOutdatedTreesAreRefused(t *testing.T) {
	for name, spoil := range map[string]func(*rehearsal){
		"the spec has changed": func(r *rehearsal) { r.edit("clusterDomain: cluster.local", "clusterDomain: other.local") },
		"the manifest was edited": func(r *rehearsal) {
			file := filepath.Join(r.work, "hosts/kmaster1/.manifest.json")
			data, err := os.ReadFile(file)
			must(t, err)
			opened := strings.Replace(string(data), `"mode": "0600"`, `"mode": "0644"`, 1)
			if opened == string(data) {
				t.Fatal("the manifest holds no 0600 file")
			}
			must(t, os.WriteFile(file, []byte(opened), 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := rehearse(t)
			r.prepare()
			spoil(r)
			for _, step := range []string{"diff", "distribute", "apply etcd"} {
				got := r.exits(1, strings.Fields(step)...)
				if !strings.Contains(got.errors, "hosts/kmaster1/.manifest.json") || !strings.Contains(got.errors, "hardway render all") {
					t.Errorf("%s does not say what is outdated and what to do:\n%s", step, got.errors)
				}
			}
			if state := r.deliveredState(); len(state) > 0 {
				t.Errorf("something was delivered: %v", state)
			}
		})
	}
}

func TestUnreachableHostIsAFindingOfDiff(t *testing.T) {
	r := rehearse(t)
	r.prepare()
	must(t, r.PowerOff("kmaster2"))
	doc := r.json(3, "diff")
	if len(doc.Problems) != 1 || doc.Problems[0].Host != "kmaster2" || len(doc.Changes) == 0 {
		t.Errorf("want a problem of kmaster2 and the differences of the others, got %+v and %d changes", doc.Problems, len(doc.Changes))
	}
}

func TestEditedTreeIsRefusedWithItsDifference(t *testing.T) {
	r := rehearse(t)
	r.prepare()
	unit := filepath.Join(r.work, "hosts/kmaster1/etc/systemd/system/etcd.service")
	data, err := os.ReadFile(unit)
	must(t, err)
	must(t, os.WriteFile(unit, append(data, "# by hand\n"...), 0o600))
	for _, step := range []string{"diff", "distribute", "apply etcd", "render all"} {
		got := r.exits(1, strings.Fields(step)...)
		if !strings.Contains(got.errors, "was edited by hand") || !strings.Contains(got.errors, "+# by hand") {
			t.Errorf("%s does not show what a hand changed:\n%s", step, got.errors)
		}
	}
	if state := r.deliveredState(); len(state) > 0 {
		t.Errorf("something was delivered: %v", state)
	}
}
