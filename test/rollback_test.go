package test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// standing is what was delivered to all hosts and stands there, without what hosts keep of before.
func (r *rehearsal) standing() map[string]string { return withoutGenerations(r.deliveredState()) }

// A rollback puts back what the last run replaced, and done again it puts that back. Nothing runs of what is changed.
func TestRollbackOfWhatDoesNotRun(t *testing.T) {
	r := rehearse(t)
	r.prepare()
	r.exits(0, "distribute")
	first := r.standing()
	r.edit("  rollout:", "  pki: {signOnMasters: false}\n  rollout:")
	r.exits(0, "render", "all")
	r.exits(0, "distribute")
	second := r.standing()
	if maps.Equal(first, second) {
		t.Fatal("the second delivery changed nothing")
	}
	dry := r.json(0, "rollback", "--dry-run")
	if now := r.standing(); !maps.Equal(second, now) {
		t.Errorf("a dry run changed %v", changed(second, now))
	}
	doc := r.json(0, "rollback")
	if now := r.standing(); !maps.Equal(first, now) {
		t.Errorf("not as before: %v", changed(first, now))
	}
	if len(doc.Changes) == 0 || len(doc.Changes) != len(dry.Changes) {
		t.Errorf("%d changes were made, %d foretold", len(doc.Changes), len(dry.Changes))
	}
	r.exits(3, "diff")
	got := r.exits(0, "rollback")
	if now := r.standing(); !maps.Equal(second, now) {
		t.Errorf("a rollback of the rollback: %v", changed(second, now))
	}
	for _, want := range []string{"takes back run", "`hardway rollback`", "kmaster1, kmaster2, kmaster3"} {
		if !strings.Contains(got.out, want) {
			t.Errorf("it is not said %q:\n%s", want, got.out)
		}
	}
	if got := r.exits(0, "distribute"); !strings.Contains(got.out, "nothing was sent") {
		t.Errorf("what was put back is not what is rendered:\n%s", got.out)
	}

	// One host by name; the rest stays.
	r.exits(0, "rollback", "kmaster2")
	for _, path := range changed(second, r.standing()) {
		if !strings.HasPrefix(path, r.Root("kmaster2")) {
			t.Errorf("%s changed, asked was for kmaster2", path)
		}
	}
	listed := r.json(0, "rollback", "--list")
	var item struct {
		Host, Who, Command, Change string
		Files                      int
	}
	must(t, json.Unmarshal(listed.Items[len(listed.Items)-1], &item))
	if len(listed.Items) != 3*4+1 || item.Host != "kmaster3" || item.Command != "hardway distribute" || !strings.Contains(item.Who, "@") || item.Files < 10 {
		t.Errorf("%d generations, the last %+v", len(listed.Items), item)
	}
	r.exits(2, "rollback", "kmaster4")

	// The rest follows in a run of its own, which is one with the first. Both are taken back together, also in parts.
	for _, step := range []struct {
		args  []string
		hosts string
		want  map[string]string
	}{
		{nil, " on kmaster1, kmaster3\n", first},
		{[]string{"kmaster1"}, " on kmaster1\n", nil},
		{nil, " on kmaster2, kmaster3\n", second},
		{nil, " on kmaster1, kmaster2, kmaster3\n", first},
	} {
		got := r.exits(0, append([]string{"rollback"}, step.args...)...)
		if !strings.Contains(got.out, step.hosts) {
			t.Errorf("a rollback is not%s%s", step.hosts, got.out)
		}
		if now := r.standing(); step.want != nil && !maps.Equal(step.want, now) {
			t.Errorf("after the rollback%s it is not as before: %v", step.hosts, changed(step.want, now))
		}
	}
}

// Members that run on what is put back are restarted one at a time, behind the gates of apply.
func TestRollbackOfRunningMembers(t *testing.T) {
	r := rehearse(t)
	r.up()
	first := r.standing()
	r.trustMore()
	r.exits(0, "apply", "etcd")
	second, pids := r.standing(), r.etcdPIDs()
	if maps.Equal(first, second) {
		t.Fatal("the change changed nothing")
	}
	dry := r.json(0, "rollback", "--dry-run")
	if n := restarts(dry); n != 3 || !maps.Equal(pids, r.etcdPIDs()) || !maps.Equal(second, r.standing()) {
		t.Errorf("%d restarts are foretold, and the dry run left %v", n, changed(second, r.standing()))
	}
	r.exits(0, "rollback")
	if now := r.standing(); !maps.Equal(first, now) {
		t.Errorf("not as before: %v", changed(first, now))
	}
	for host, pid := range r.etcdPIDs() {
		if pid == pids[host] || pid == 0 {
			t.Errorf("etcd of %s runs on: process %d", host, pid)
		}
	}
	r.exits(0, "etcd", "verify")
	r.exits(0, "rollback")
	if now := r.standing(); !maps.Equal(second, now) {
		t.Errorf("a rollback of the rollback: %v", changed(second, now))
	}
	r.exits(0, "etcd", "verify")
	r.exits(0, "apply", "etcd")
}

// restarts is how many members a change restarts.
func restarts(doc document) (n int) {
	for _, c := range doc.Changes {
		if c.Subject == "etcd.service" && c.Action == "restart" {
			n++
		}
	}
	return n
}

// What was brought first is not taken away from under what runs on it.
func TestRollbackOfTheFirstDeliveryIsRefused(t *testing.T) {
	r := rehearse(t)
	r.up()
	before := r.everything()
	got := r.exits(1, "rollback")
	if !strings.Contains(got.errors, "kmaster1: etcd.service: was not there before the last change, and runs now") {
		t.Errorf("it is not said why:\n%s", got.errors)
	}
	if after := r.everything(); len(changed(before, after)) > 0 {
		t.Errorf("it changed %v", changed(before, after))
	}
	if got := r.exits(0, "rollback", "--list"); strings.Count(got.out, "hardway up: ") < 3 {
		t.Errorf("listed is\n%s", got.out)
	}
}

// A rollback that died is finished by the next one, not taken back by it: whether it died with files of a host half put back,
// or with a member that runs on what is no longer there.
func TestRollbackThatDiedIsFinishedByTheNext(t *testing.T) {
	r := rehearse(t)
	r.up()
	first := r.standing()
	r.trustMore()
	r.exits(0, "apply", "etcd")
	bundle := filepath.Join(r.Root("kmaster2"), "/etc/etcd/pki/ca-bundle.crt")
	for name, reached := range map[string]func() bool{
		"before the first commit": func() bool { return r.locked() == 3 },
		"after the second host's files": func() bool {
			data, err := os.ReadFile(bundle)
			return err == nil && strings.Count(string(data), "BEGIN CERTIFICATE") == 1
		},
	} {
		t.Run(name, func(t *testing.T) {
			second := r.standing()
			run := r.started("rollback")
			for !reached() {
				time.Sleep(time.Millisecond)
			}
			must(t, run.Kill())
			_, _ = run.Wait()
			r.exits(0, "rollback")
			if now := r.standing(); !maps.Equal(first, now) {
				t.Errorf("not as before: %v", changed(first, now))
			}
			r.exits(0, "etcd", "verify")
			if n := restarts(r.json(0, "rollback", "--dry-run")); n != 3 {
				t.Errorf("the next rollback restarts %d members: not every one runs on what was put back", n)
			}
			r.exits(0, "apply", "etcd")
			if now := r.standing(); !maps.Equal(second, now) {
				t.Errorf("not as rendered: %v", changed(second, now))
			}
		})
	}
}
