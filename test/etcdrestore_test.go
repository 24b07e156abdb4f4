package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// bump is by how much a restore raises revisions at least.
const bump = 1_000_000_000

// stopEtcd stops the member of each host.
func (r *rehearsal) stopEtcd(hosts ...string) {
	r.t.Helper()
	for _, host := range hosts {
		r.systemctl(host, "stop", etcdUnit)
	}
}

var everyMaster = []string{"kmaster1", "kmaster2", "kmaster3"}

// restored holds that the cluster is well, on revisions that no client has seen, and that nothing of the restore is left.
func (r *rehearsal) restored() {
	r.t.Helper()
	r.exits(0, "etcd", "verify")
	rows, _ := r.statuses(0)
	for _, host := range everyMaster {
		if rows[host].Revision < bump {
			r.t.Errorf("%s is at revision %d: clients have seen higher ones", host, rows[host].Revision)
		}
		for _, left := range []string{"var/lib/etcd/member/restored-from", "var/lib/etcd/.hardway-restore", "var/lib/hardway/restore/snapshot.db"} {
			if _, err := os.Lstat(filepath.Join(r.Root(host), left)); err == nil {
				r.t.Errorf("%s: %s is left", host, left)
			}
		}
	}
	if doc := r.json(0, "apply", "etcd"); len(doc.Changes) > 0 {
		r.t.Errorf("apply etcd finds something to do: %+v", doc.Changes)
	}
}

// aside is the data of before that a host keeps.
func (r *rehearsal) aside(host string) []string {
	r.t.Helper()
	kept, err := filepath.Glob(filepath.Join(r.Root(host), "var/lib/etcd/member.before-*"))
	must(r.t, err)
	return kept
}

func TestEtcdSnapshotRestore(t *testing.T) {
	r := rehearse(t)
	r.up()
	r.put("a", 30)
	saved := r.save()
	r.put("b", 10)
	_, err := r.client().Delete(r.soon(), "a3")
	must(t, err)

	if got := r.exits(1, "etcd", "snapshot", "restore", saved.File); !strings.Contains(got.errors, "kmaster2: etcd.service: runs") {
		t.Errorf("a running cluster is not refused by name:\n%s", got.errors)
	}
	r.stopEtcd(everyMaster...)
	if got := r.exits(1, "etcd", "snapshot", "restore", saved.File); !strings.Contains(got.errors, "--move-aside") {
		t.Errorf("it does not say how to replace data:\n%s", got.errors)
	}
	t.Run("a file that is not whole is refused", func(t *testing.T) {
		data, err := os.ReadFile(filepath.Join(r.work, saved.File))
		must(t, err)
		data[len(data)/2] ^= 1
		r.write("damaged.db", string(data))
		if got := r.exits(1, "etcd", "snapshot", "restore", "damaged.db", "--move-aside"); !strings.Contains(got.errors, "SHA-256") {
			t.Error(got.errors)
		}
	})
	before := r.deliveredState()
	plan := r.json(0, "etcd", "snapshot", "restore", saved.File, "--move-aside", "--dry-run")
	if now := r.deliveredState(); len(now) != len(before) || len(r.aside("kmaster1")) > 0 {
		t.Error("the dry run has changed hosts")
	}
	did := r.json(0, "etcd", "snapshot", "restore", saved.File, "--move-aside")
	if len(plan.Changes) == 0 || len(plan.Changes) != len(did.Changes) {
		t.Errorf("planned was\n%v, done was\n%v", plan.Changes, did.Changes)
	}
	r.restored()
	r.holds("a", 30)
	r.holds("b", 0)
	r.put("c", 5)
	r.holds("c", 5)
	for _, host := range everyMaster {
		if kept := r.aside(host); len(kept) != 1 {
			t.Errorf("%s keeps %v of before", host, kept)
		}
	}
}

// killedWhen runs hardway and kills it as soon as something is so.
func (r *rehearsal) killedWhen(so func() bool, args ...string) {
	r.t.Helper()
	command := exec.CommandContext(r.t.Context(), hardwayBinary, args...)
	command.Dir, command.Env = r.work, append(os.Environ(), "HOME="+r.work, "SSH_AUTH_SOCK=")
	must(r.t, command.Start())
	ended := make(chan struct{})
	go func() { _ = command.Wait(); close(ended) }()
	for !so() {
		select {
		case <-ended:
			r.t.Fatalf("hardway %s ended before it was killed", strings.Join(args, " "))
		case <-time.After(time.Millisecond):
		}
	}
	_ = command.Process.Kill()
	<-ended
}

// anywhere reports whether any master has a file.
func (r *rehearsal) anywhere(file string) func() bool {
	return func() bool {
		for _, host := range everyMaster {
			if _, err := os.Lstat(filepath.Join(r.Root(host), file)); err == nil {
				return true
			}
		}
		return false
	}
}

// A restore that was cut off anywhere is finished by running it again; meanwhile nobody starts half of it.
func TestEtcdSnapshotRestoreIsFinishedAfterACrash(t *testing.T) {
	r := rehearse(t)
	r.up()
	r.put("a", 30)
	saved := r.save()
	for name, file := range map[string]string{
		"while it prepares":             "var/lib/etcd/.hardway-restore",
		"while it puts data in place":   "var/lib/etcd/member/restored-from",
		"while it moves data of before": "var/lib/etcd/moved",
		"while it starts":               "var/lib/etcd/started",
	} {
		t.Run(name, func(t *testing.T) {
			r.put("b", 10)
			r.stopEtcd(everyMaster...)
			so := r.anywhere(file)
			switch filepath.Base(file) {
			case "moved":
				already := len(r.aside("kmaster1")) + len(r.aside("kmaster2")) + len(r.aside("kmaster3"))
				so = func() bool {
					return len(r.aside("kmaster1"))+len(r.aside("kmaster2"))+len(r.aside("kmaster3")) > already
				}
			case "started":
				so = func() bool {
					unit, err := r.Unit("kmaster2", etcdUnit)
					return err == nil && unit.Running()
				}
			}
			r.killedWhen(so, "etcd", "snapshot", "restore", saved.File, "--move-aside")
			r.exits(0, "etcd", "snapshot", "restore", saved.File, "--move-aside")
			r.restored()
			r.holds("a", 30)
			r.holds("b", 0)
		})
	}
}

// Where two of three are lost, what the survivor holds brings the cluster back, with machines that have nothing.
func TestLostQuorumComesBackFromTheSurvivor(t *testing.T) {
	r := rehearse(t)
	r.up()
	r.put("a", 30)
	r.stopEtcd("kmaster1", "kmaster3")
	for _, lost := range []string{"kmaster1", "kmaster3"} {
		must(t, os.RemoveAll(filepath.Join(r.Root(lost), "var/lib/etcd/member")))
	}
	if got := r.exits(1, "etcd", "replace", "kmaster1"); !strings.Contains(got.errors, "quorum") {
		t.Errorf("without a quorum a member is replaced:\n%s", got.errors)
	}
	if got := r.exits(1, "etcd", "snapshot", "save", "--from-member", "kmaster2", "survivor.db"); !strings.Contains(got.errors, "runs") {
		t.Errorf("the database of a running member is copied:\n%s", got.errors)
	}
	r.stopEtcd("kmaster2")
	saved := r.save("--from-member", "kmaster2", "survivor.db")
	if saved.Keys < 30 {
		t.Errorf("saved %+v", saved)
	}
	r.exits(0, "etcd", "snapshot", "restore", "survivor.db", "--move-aside")
	r.restored()
	r.holds("a", 30)
	if kept := r.aside("kmaster2"); len(kept) != 1 {
		t.Errorf("the survivor's data is kept as %v", kept)
	}
}
