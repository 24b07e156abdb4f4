package test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestHostsRemoveTakesAMemberOut takes a dead one of five members out and one that is alive, and refuses what would cost the
// cluster its quorum.
func TestHostsRemoveTakesAMemberOut(t *testing.T) {
	r := rehearseWith(t, 5)
	untouched := r.disks()
	r.up()
	r.put("a", 30)
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"no host of the spec":      {[]string{"kmaster9"}, 1, "is no host of the spec"},
		"none named":               {nil, 2, "takes one HOST"},
		"said to be dead, answers": {[]string{"kmaster3", "--dead"}, 1, "leave --dead out"},
		"nobody said yes":          {[]string{"kmaster3"}, 1, "nobody said yes"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := r.exits(c.code, append([]string{"hosts", "remove"}, c.args...)...); !strings.Contains(got.errors, c.says) {
				t.Errorf("it says: %s", got.errors)
			}
		})
	}
	t.Run("not while another member is unwell", func(t *testing.T) {
		r.stopEtcd("kmaster1")
		if got := r.exits(1, "hosts", "remove", "kmaster3", "--yes"); !strings.Contains(got.errors, "while another member is not well") {
			t.Errorf("it says: %s", got.errors)
		}
		r.systemctl("kmaster1", "start", etcdUnit)
		r.exits(0, "apply", "etcd")
	})
	if dry := r.json(0, "hosts", "remove", "kmaster3", "--dry-run"); len(dry.Changes) == 0 || len(r.members()) != 5 {
		t.Errorf("a dry run says %+v, members are %v", dry.Changes, r.members())
	}
	r.exits(0, "hosts", "remove", "kmaster3", "--yes")
	for path := range r.disks() {
		if _, was := untouched[path]; !was && strings.HasPrefix(path, "kmaster3/") {
			t.Errorf("%s is left", path)
		}
	}
	r.exits(0, "hosts", "remove", "kmaster3", "--yes")
	r.without("kmaster3")
	r.exits(0, "up", "--skip", skipped)
	r.holds("a", 30)

	t.Run("a dead one that the spec has no more", func(t *testing.T) {
		must(t, r.PowerOff("kmaster5"))
		r.without("kmaster5")
		r.exits(0, "hosts", "remove", "kmaster5", "--dead", "--yes")
		r.exits(0, "up", "--skip", skipped)
		if left := r.members(); len(left) != 3 {
			t.Errorf("left are %v", left)
		}
		r.holds("a", 30)
	})
	t.Run("not one that the quorum needs", func(t *testing.T) {
		must(t, r.PowerOff("kmaster4"))
		must(t, r.PowerOff("kmaster2"))
		if got := r.exits(1, "hosts", "remove", "kmaster2", "--dead", "--yes"); !strings.Contains(got.errors, "while another member is not well") {
			t.Errorf("it says: %s", got.errors)
		}
	})
}

// members is how many rows etcd's member list has.
func (r *rehearsal) members() map[string]bool {
	r.t.Helper()
	names := map[string]bool{}
	rows, _ := r.statuses(0)
	for name := range rows {
		names[name] = true
	}
	return names
}

// without takes a host out of cluster.yaml.
func (r *rehearsal) without(host string) {
	r.t.Helper()
	file := filepath.Join(r.work, "cluster.yaml")
	data, err := os.ReadFile(file)
	must(r.t, err)
	var left []string
	for line := range strings.Lines(string(data)) {
		if !strings.Contains(line, "name: "+host+",") {
			left = append(left, line)
		}
	}
	text := strings.Join(left, "")
	if !strings.Contains(text, "waive:") {
		text = strings.Replace(text, "\nspec:\n", "\nspec:\n  waive: [etcd-even-members]\n", 1)
	}
	r.write("cluster.yaml", text)
	r.readSpec()
}

func (r *rehearsal) readFile(name string) (string, error) {
	data, err := os.ReadFile(filepath.Join(r.work, name))
	return string(data), err
}

// TestAMachineOfAnotherNameTakesThePlaceOfAMaster takes the dead one out and adds the new one as a learner.
func TestAMachineOfAnotherNameTakesThePlaceOfAMaster(t *testing.T) {
	r, spares := rehearseSpare(t, 3, 1)
	r.up()
	r.put("a", 30)
	dead, _ := r.spec.Node("kmaster3")
	must(t, r.PowerOff("kmaster3"))
	if got := r.exits(1, "hosts", "remove", "kmaster3", "--yes"); !strings.Contains(got.errors, "--dead") {
		t.Errorf("it says: %s", got.errors)
	}
	r.exits(0, "hosts", "remove", "kmaster3", "--dead", "--yes")
	r.edit("name: kmaster3, address: "+dead.PrimaryAddress(), "name: "+spares[0].Name+", address: "+spares[0].Address)
	r.exits(0, "pki", "all")
	r.exits(0, "kubeconfig", "all")
	r.exits(0, "encryption-config")
	r.exits(0, "render", "all")
	r.exits(0, "etcd", "replace", spares[0].Name)
	r.exits(0, "up", "--skip", skipped)
	r.exits(0, "etcd", "verify")
	if left := r.members(); len(left) != 3 || !left[spares[0].Name] {
		t.Errorf("members are %v", left)
	}
	r.holds("a", 30)
}
