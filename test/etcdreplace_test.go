package test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// wipe takes a member's data away, as a new disk does.
func (r *rehearsal) wipe(host string) {
	r.t.Helper()
	r.stopEtcd(host)
	must(r.t, os.RemoveAll(filepath.Join(r.Root(host), "var/lib/etcd/member")))
}

// replaced holds that the cluster is whole again, and that the data is everywhere.
func (r *rehearsal) replaced(old string) {
	r.t.Helper()
	r.exits(0, "etcd", "verify")
	rows, _ := r.statuses(0)
	if row := rows["kmaster3"]; row.ID == old || row.ID == "" || !row.Healthy || row.Learner {
		r.t.Errorf("kmaster3 was %s and is %+v", old, row)
	}
	r.holds("a", 30)
	if got := r.json(0, "etcd", "replace", "kmaster3"); len(got.Changes) > 0 {
		r.t.Errorf("replaced again, it finds something to do: %+v", got.Changes)
	}
}

func (r *rehearsal) idOf(host string) string {
	r.t.Helper()
	rows, _ := r.statuses(0)
	return rows[host].ID
}

func TestEtcdReplaceAWipedMember(t *testing.T) {
	r := rehearse(t)
	r.up()
	r.put("a", 30)
	old := r.idOf("kmaster3")
	if got := r.json(0, "etcd", "replace", "kmaster3"); len(got.Changes) > 0 {
		t.Errorf("a healthy member is replaced: %+v", got.Changes)
	}
	t.Run("one that has its data is started, not replaced", func(t *testing.T) {
		r.stopEtcd("kmaster3")
		if got := r.exits(1, "etcd", "replace", "kmaster3"); !strings.Contains(got.errors, "hardway apply etcd") {
			t.Error(got.errors)
		}
		r.exits(0, "apply", "etcd")
	})
	r.wipe("kmaster3")
	t.Run("not without a quorum of the others", func(t *testing.T) {
		r.stopEtcd("kmaster1")
		if got := r.exits(1, "etcd", "replace", "kmaster3"); !strings.Contains(got.errors, "cannot be replaced") {
			t.Error(got.errors)
		}
		r.systemctl("kmaster1", "start", etcdUnit)
	})
	plan := r.json(0, "etcd", "replace", "kmaster3", "--dry-run")
	if rows, _ := r.statuses(3); rows["kmaster3"].ID != old {
		t.Error("the dry run has changed the member list")
	}
	did := r.json(0, "etcd", "replace", "kmaster3")
	var verbs []string
	for _, c := range did.Changes {
		verbs = append(verbs, c.Action)
	}
	if got := strings.Join(verbs, " "); got != "remove-member add-learner create start promote" {
		t.Errorf("it did %s", got)
	}
	if len(plan.Changes) != len(did.Changes) {
		t.Errorf("planned was\n%v, done was\n%v", plan.Changes, did.Changes)
	}
	r.replaced(old)
}

// A machine of another address takes the place of one that is gone for good.
func TestEtcdReplaceByAMachineOfAnotherAddress(t *testing.T) {
	r, spares := rehearseSpare(t, 3, 1)
	r.up()
	r.put("a", 30)
	old := r.idOf("kmaster3")
	node, _ := r.spec.Node("kmaster3")
	r.stopEtcd("kmaster3")
	r.edit("{name: kmaster3, address: "+node.PrimaryAddress(), "{name: kmaster3, address: "+spares[0].Address)
	r.exits(0, "pki", "all")
	r.exits(0, "render", "all")
	did := r.exits(0, "etcd", "replace", "kmaster3")
	if !strings.Contains(did.out, spares[0].Address) {
		t.Errorf("it does not name the new address:\n%s", did.out)
	}
	rows, _ := r.statuses(0)
	if row := rows["kmaster3"]; row.ID == old || len(row.PeerURLs) != 1 || !strings.Contains(row.PeerURLs[0], spares[0].Address) {
		t.Errorf("kmaster3 was %s and is %+v", old, row)
	}
	r.exits(0, "apply", "etcd")
	r.replaced(old)
}

// A learner that does not catch up in time is taken out again, and the others go on as before.
func TestEtcdReplaceRollsBackALearnerThatLags(t *testing.T) {
	r := rehearse(t)
	r.up()
	r.put("a", 30)
	old := r.idOf("kmaster3")
	r.wipe("kmaster3")
	resume := r.hang("kmaster3")
	got := r.exits(1, "etcd", "replace", "kmaster3", "--within", "3s")
	if !strings.Contains(got.errors, "taken out of the cluster again") {
		t.Error(got.errors)
	}
	resume()
	rows, _ := r.statuses(3)
	if rows["kmaster3"].ID != "" || !rows["kmaster1"].Healthy || !rows["kmaster2"].Healthy {
		t.Errorf("it left %+v", rows)
	}
	if _, err := os.Stat(filepath.Join(r.Root("kmaster3"), "run/hardway/etcd-bootstrap.env")); err == nil {
		t.Error("the host is armed still")
	}
	r.put("b", 3)
	r.exits(0, "etcd", "replace", "kmaster3", "--within", "30s")
	r.replaced(old)
}

// Killed anywhere, the same command goes on.
func TestEtcdReplaceGoesOnAfterACrash(t *testing.T) {
	r := rehearse(t)
	r.up()
	r.put("a", 30)
	armed := func() bool {
		_, err := os.Stat(filepath.Join(r.Root("kmaster3"), "run/hardway/etcd-bootstrap.env"))
		return err == nil
	}
	listed := func(n int) func() bool {
		client := r.client("kmaster1", "kmaster2")
		return func() bool {
			list, err := client.MemberList(r.t.Context())
			time.Sleep(5 * time.Millisecond)
			return err == nil && len(list.Members) == n
		}
	}
	added := listed(3)
	removed := listed(2)
	for name, so := range map[string]func() bool{
		"when the dead one is removed": removed,
		"when it is armed":             armed,
		"when it runs": func() bool {
			unit, err := r.Unit("kmaster3", etcdUnit)
			return err == nil && unit.Running()
		},
	} {
		t.Run(name, func(t *testing.T) {
			old := r.idOf("kmaster3")
			r.wipe("kmaster3")
			r.killedWhen(so, "etcd", "replace", "kmaster3")
			r.exits(0, "etcd", "replace", "kmaster3")
			if !added() {
				t.Error("there are not three members")
			}
			r.replaced(old)
		})
	}
}
