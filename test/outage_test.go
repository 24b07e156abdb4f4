package test

import (
	"maps"
	"strings"
	"testing"
	"time"
)

// A connection that is cut in the middle of a turn costs the turn, not the host: it is put back over a new one.
func TestHostIsPutBackOverANewConnection(t *testing.T) {
	r := rehearseWith(t, 1)
	r.up()
	began, err := r.Packets("kmaster1")
	must(t, err)
	r.trustMore()
	r.exits(0, "apply", "etcd")
	ended, err := r.Packets("kmaster1")
	must(t, err)
	r.exits(0, "rollback")
	state, back := r.standing(), 0
	for part := 42; part < 80; part += 6 {
		time.Sleep(4 * time.Second) // systemd refuses a sixth start within ten seconds, and so does its stand-in
		pid := r.etcdPIDs()["kmaster1"]
		must(t, r.CutAfter("kmaster1", (ended-began)*part/100, nil))
		got := r.hardway("apply", "etcd")
		t.Logf("cut after %d of 100: exit %d: %s", part, got.code, firstOf(got.errors))
		must(t, r.CutAfter("kmaster1", 0, nil))
		if got.code == 0 {
			r.exits(0, "rollback")
			continue
		}
		if got.code != 1 || strings.Contains(got.errors, "could not be put back") {
			t.Errorf("exit %d: %s", got.code, got.errors)
		}
		if now := r.standing(); !maps.Equal(state, now) {
			t.Errorf("after %d of 100 it is not as it was: %v", part, changed(state, now))
		}
		if now := r.etcdPIDs()["kmaster1"]; now == 0 {
			t.Errorf("after %d of 100 etcd does not run (%d before)", part, pid)
		}
		if r.locked() != 0 {
			t.Error("the lock stayed")
		}
		if strings.Contains(got.errors, "it was put back and runs on what it ran on before") {
			back++
		}
	}
	if back == 0 {
		t.Error("no cut came in the middle of a turn: that was no test")
	}
	time.Sleep(4 * time.Second)
	r.exits(0, "apply", "etcd")
	r.exits(0, "etcd", "verify")
}

func firstOf(text string) string { line, _, _ := strings.Cut(text, "\n"); return line }
