package test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"hardway/artifact"
	"hardway/etcd"
	"hardway/pki"
	"hardway/rollout"
)

// started is a run that goes on beside the test.
func (r *rehearsal) started(args ...string) *os.Process {
	r.t.Helper()
	command := exec.Command(hardwayBinary, args...)
	command.Dir = r.work
	command.Env = append(os.Environ(), "HOME="+r.work, "SSH_AUTH_SOCK=")
	said, err := os.Create(filepath.Join(r.work, runSays))
	must(r.t, err)
	command.Stderr = said
	must(r.t, command.Start())
	r.t.Cleanup(func() { _ = command.Process.Kill(); _ = command.Wait() })
	return command.Process
}

// runSays is the file with what such a run has said on standard error.
const runSays = "run.err"

// frozen is a run that stands still in the middle of its work: it holds locks on all hosts.
func (r *rehearsal) frozen(args ...string) *os.Process {
	r.t.Helper()
	run := r.started(args...)
	for range 3000 {
		if r.locked() == len(r.spec.Hosts) {
			must(r.t, run.Signal(syscall.SIGSTOP))
			if n := r.locked(); n != len(r.spec.Hosts) {
				r.t.Fatalf("stopped too late: %d hosts are locked", n)
			}
			return run
		}
		time.Sleep(time.Millisecond)
	}
	r.t.Fatal("no locks were taken")
	return nil
}

// locked is how many hosts are.
func (r *rehearsal) locked() (n int) {
	for _, h := range r.spec.Hosts {
		if _, err := os.Stat(filepath.Join(r.Root(h.Name), rollout.LockPath)); err == nil {
			n++
		}
	}
	return n
}

// elsewhere runs hardway as another operator would: with a work directory of their own, and on a machine of another name.
func (r *rehearsal) elsewhere(args ...string) result {
	r.t.Helper()
	work := filepath.Join(r.t.TempDir(), "work")
	must(r.t, exec.Command("cp", "-a", r.work, work).Run())
	script := `hostname elsewhere && exec "$@"`
	command := exec.CommandContext(r.t.Context(), "unshare", append([]string{"--map-root-user", "--uts", "sh", "-c", script, "sh", hardwayBinary}, args...)...)
	command.Dir = work
	command.Env = append(os.Environ(), "HOME="+work, "SSH_AUTH_SOCK=")
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	_ = command.Run()
	return result{command.ProcessState.ExitCode(), out.String(), errs.String()}
}

// Of two operators the second is told who the first is, and changes nothing.
func TestOneOperatorAtATime(t *testing.T) {
	r := rehearse(t)
	r.prepare()
	first := r.frozen("distribute")
	before := r.deliveredState()
	got := r.elsewhere("distribute")
	name, err := os.Hostname()
	must(t, err)
	for _, want := range []string{"kmaster1", "is being changed by somebody else", "@" + name, "hardway distribute", "since 20", "wait until"} {
		if !strings.Contains(got.errors, want) {
			t.Errorf("the second operator is not told %q:\n%s", want, got.errors)
		}
	}
	if got.code != 1 {
		t.Errorf("exit %d, want 1", got.code)
	}
	for _, look := range [][]string{{"diff"}, {"distribute", "--dry-run"}} {
		if got := r.elsewhere(look...); got.code != 0 && got.code != 3 {
			t.Errorf("%v needs a lock: %s", look, got.errors)
		}
	}
	if after := r.deliveredState(); len(changed(before, after)) > 0 {
		t.Errorf("hosts changed: %v", changed(before, after))
	}
	must(t, first.Signal(syscall.SIGCONT))
	if state, err := first.Wait(); err != nil || !state.Success() {
		t.Errorf("the first operator's run: %v, %v", state, err)
	}
	if n := r.locked(); n != 0 {
		t.Errorf("%d hosts are locked still", n)
	}
	if got := r.elsewhere("distribute"); got.code != 0 {
		t.Errorf("the second operator's turn has come: %s", got.errors)
	}
}

// A run that was killed is taken over by the next one on the same machine, and by nobody else.
func TestAKilledRunIsTakenOverOnItsOwnMachine(t *testing.T) {
	r := rehearse(t)
	r.prepare()
	first := r.frozen("distribute")
	must(t, first.Kill())
	_, _ = first.Wait()
	if got := r.elsewhere("distribute"); got.code != 1 || !strings.Contains(got.errors, "is being changed by somebody else") {
		t.Errorf("another machine cannot know that it is dead, exit %d:\n%s", got.code, got.errors)
	}
	got := r.exits(0, "distribute")
	if !strings.Contains(got.errors, "taking over lock") {
		t.Errorf("it is not said that a lock was taken over:\n%s", got.errors)
	}
	if n := r.locked(); n != 0 {
		t.Errorf("%d hosts are locked still", n)
	}
	r.exits(0, "distribute", "--dry-run")
}

// A lock is listed with what is known of its run, and broken by its name.
func TestLocksAreListedAndBrokenByName(t *testing.T) {
	r := rehearse(t)
	r.prepare()
	if got := r.elsewhere("unlock"); got.code != 0 || !strings.Contains(got.out, "none is locked") {
		t.Errorf("exit %d: %s%s", got.code, got.out, got.errors)
	}
	r.frozen("distribute")
	listed := r.elsewhere("unlock", "-o", "json")
	var doc struct {
		Items []struct{ Host, Lock, Command, State string }
	}
	must(t, json.Unmarshal([]byte(listed.out), &doc))
	if listed.code != 0 || len(doc.Items) != 3 || doc.Items[0].State != "alive" || doc.Items[0].Command != "hardway distribute" {
		t.Fatalf("exit %d: %+v", listed.code, doc)
	}
	name := doc.Items[0].Lock
	before := r.deliveredState()
	if got := r.elsewhere("unlock", name); got.code != 1 || !strings.Contains(got.errors, "is not stale, its run is at work") {
		t.Errorf("exit %d: %s", got.code, got.errors)
	}
	if got := r.elsewhere("unlock", "nonesuch", "--yes"); got.code != 1 || !strings.Contains(got.errors, "there is "+name) {
		t.Errorf("exit %d: %s", got.code, got.errors)
	}
	long := time.Now().Add(-3 * time.Minute)
	for _, h := range r.spec.Hosts {
		must(t, os.Chtimes(filepath.Join(r.Root(h.Name), rollout.LockPath), long, long))
	}
	if got := r.elsewhere("unlock"); got.code != 3 || !strings.Contains(got.out, "stale") {
		t.Errorf("exit %d: %s%s", got.code, got.out, got.errors)
	}
	if got := r.elsewhere("unlock", name, "--dry-run"); got.code != 0 || !strings.Contains(got.out, "WOULD") {
		t.Errorf("exit %d: %s%s", got.code, got.out, got.errors)
	}
	if after := r.deliveredState(); len(changed(before, after)) > 0 {
		t.Errorf("hosts changed: %v", changed(before, after))
	}
	if got := r.elsewhere("unlock", name); got.code != 0 || r.locked() != 0 {
		t.Errorf("exit %d, %d hosts are locked: %s%s", got.code, r.locked(), got.out, got.errors)
	}
	if got := r.elsewhere("distribute"); got.code != 0 {
		t.Errorf("the hosts are free: %s", got.errors)
	}
}

// While members run, the lock in etcd keeps others away too, even from hosts that nobody has locked.
func TestEtcdIsLockedWhileItsMembersRun(t *testing.T) {
	r := rehearse(t)
	r.up()
	r.trustMore()
	first := r.frozen("apply", "etcd")
	must(t, first.Signal(syscall.SIGCONT))
	for r.etcdLock() == "" {
		time.Sleep(time.Millisecond)
	}
	must(t, first.Signal(syscall.SIGSTOP))
	for _, h := range r.spec.Hosts {
		must(t, os.Remove(filepath.Join(r.Root(h.Name), rollout.LockPath)))
	}
	if got := r.elsewhere("apply", "etcd"); got.code != 1 || !strings.Contains(got.errors, "the cluster is being changed by somebody else") {
		t.Errorf("exit %d: %s", got.code, got.errors)
	}
	if n := r.locked(); n != 0 {
		t.Errorf("%d hosts are locked still", n)
	}
	must(t, first.Kill())
	_, _ = first.Wait()
	// On its own machine it is known to be dead; nobody waits for its lease to end.
	r.exits(0, "apply", "etcd")
	r.exits(0, "etcd", "verify")
	if words := r.etcdLock(); words != "" {
		t.Errorf("etcd is locked still: %s", words)
	}
}

// A run that lost its key in etcd, or its locks on hosts, changes nothing more.
func TestARunThatLostItsLockChangesNothingMore(t *testing.T) {
	for _, row := range []struct {
		name, says string
		lose       func(*rehearsal)
	}{
		{"etcd's", "etcd /hardway.io/lock: the lock of this run is gone, or another's", (*rehearsal).dropEtcdLock},
		{"on hosts", "/var/lib/hardway/lock: the lock of this run is gone, or another's", func(r *rehearsal) {
			holder := strings.Split(r.elsewhere("unlock").out, "\n")[1]
			if got := r.elsewhere("unlock", strings.Fields(holder)[1], "--yes"); got.code != 0 {
				r.t.Fatal(got.errors)
			}
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := rehearse(t)
			r.up()
			r.trustMore()
			running, before := r.processes(), r.deliveredState()
			run := r.frozen("apply", "etcd")
			must(t, run.Signal(syscall.SIGCONT))
			for r.etcdLock() == "" {
				time.Sleep(time.Millisecond)
			}
			must(t, run.Signal(syscall.SIGSTOP))
			row.lose(r)
			must(t, run.Signal(syscall.SIGCONT))
			state, err := run.Wait()
			must(t, err)
			said, err := os.ReadFile(filepath.Join(r.work, runSays))
			must(t, err)
			if state.ExitCode() != 1 || !strings.Contains(string(said), row.says) {
				t.Errorf("exit %d, want 1 and %q:\n%s", state.ExitCode(), row.says, said)
			}
			if after := r.processes(); !maps.Equal(running, after) {
				t.Errorf("processes %v, before %v", after, running)
			}
			// What it had staged on a host that is another's by now stays for that one's next run to take off.
			for _, file := range changed(before, r.deliveredState()) {
				if !strings.Contains(file, "/.hardway-stage/") {
					t.Errorf("changed: %s", file)
				}
			}
			r.exits(0, "apply", "etcd")
		})
	}
}

// dropEtcdLock takes the key away, as its lease does when it ends.
func (r *rehearsal) dropEtcdLock() {
	r.t.Helper()
	r.inEtcd(func(client *clientv3.Client) {
		_, err := client.Delete(r.t.Context(), etcd.LockKey)
		must(r.t, err)
	})
}

// etcdLock is what etcd's lock says, nothing when nobody holds it.
func (r *rehearsal) etcdLock() (words string) {
	r.t.Helper()
	r.inEtcd(func(client *clientv3.Client) {
		answer, err := client.Get(r.t.Context(), etcd.LockKey)
		must(r.t, err)
		for _, kv := range answer.Kvs {
			words = string(kv.Value)
		}
	})
	return words
}

// inEtcd does something as etcd's operator.
func (r *rehearsal) inEtcd(do func(*clientv3.Client)) {
	r.t.Helper()
	config, err := pki.Open(artifact.OpenWorkDir(r.work), r.spec).ClientTLS("etcd-admin")
	must(r.t, err)
	client, err := clientv3.New(clientv3.Config{Context: r.t.Context(), Endpoints: []string{r.spec.Hosts[0].ClientURL()}, TLS: config, Logger: zap.NewNop()})
	must(r.t, err)
	defer client.Close()
	do(client)
}
