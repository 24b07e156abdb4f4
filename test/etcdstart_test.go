package test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

const etcdUnit = "etcd.service"

// hang stops the member of each host the moment it runs, again and again, until the function it returns is called: that
// one lets them go on.
func (r *rehearsal) hang(hosts ...string) (resume func()) {
	r.t.Helper()
	end := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		for {
			for _, host := range hosts {
				if unit, err := r.Unit(host, etcdUnit); err == nil && unit.Running() {
					_ = r.PauseUnit(host, etcdUnit)
				}
			}
			select {
			case <-end:
				return
			case <-time.After(time.Millisecond):
			}
		}
	})
	var once sync.Once
	resume = func() {
		once.Do(func() {
			close(end)
			watch.Wait()
			for _, host := range hosts {
				_ = r.ResumeUnit(host, etcdUnit)
			}
		})
	}
	r.t.Cleanup(resume)
	return resume
}

// unformed is a cluster that was begun and whose gate stayed shut, because two of its members hang.
func (r *rehearsal) unformed() (resume func()) {
	r.t.Helper()
	r.edit("gateTimeout: 30s", "gateTimeout: 5s")
	r.prepare()
	r.exits(0, "distribute")
	resume = r.hang("kmaster2", "kmaster3")
	r.exits(1, "apply", "etcd")
	return resume
}

// trustMore adds a root to what etcd trusts, so that every member that runs is stale.
func (r *rehearsal) trustMore() {
	r.t.Helper()
	root, err := os.ReadFile(filepath.Join(r.work, "pki/front-proxy-ca.crt"))
	must(r.t, err)
	r.write("pki/etcd-ca.retired.crt", string(root))
	r.exits(0, "pki", "all")
	r.exits(0, "render", "all")
}

// A run that finds members waiting for each other is done when the cluster has formed, not when nothing is left to start.
func TestApplyEtcdFailsWhileTheClusterHasNotFormed(t *testing.T) {
	r := rehearse(t)
	resume := r.unformed()
	if got := r.exits(1, "apply", "etcd"); !strings.Contains(got.errors, "the cluster was not healthy within") {
		t.Errorf("the second run does not say that the gate stayed shut:\n%s", got.errors)
	}
	resume()
	r.exits(0, "apply", "etcd")
	r.exits(0, "etcd", "verify")
}

func TestApplyEtcdFailsWhileARunningMemberIsNotReady(t *testing.T) {
	r := rehearse(t)
	r.up()
	r.edit("gateTimeout: 30s", "gateTimeout: 5s")
	before := r.etcdPIDs()["kmaster3"]
	must(t, r.KillUnit("kmaster3", etcdUnit))
	resume := r.hang("kmaster3")
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if unit, err := r.Unit("kmaster3", etcdUnit); err == nil && unit.Running() && unit.MainPID != before {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("systemd did not start the member again")
		}
	}
	if got := r.exits(1, "apply", "etcd"); !strings.Contains(got.errors, "kmaster3") {
		t.Errorf("the message does not name kmaster3:\n%s", got.errors)
	}
	resume()
	r.exits(0, "apply", "etcd")
	r.exits(0, "etcd", "verify")
}

// Members that wait for their cluster to form and run on inputs of before are restarted, as the report says.
func TestStaleMembersOfAnUnformedClusterAreRestarted(t *testing.T) {
	r := rehearse(t)
	resume := r.unformed()
	r.edit("gateTimeout: 5s", "gateTimeout: 30s")
	r.trustMore()
	before := r.etcdPIDs()
	go func() {
		time.Sleep(1500 * time.Millisecond)
		resume()
	}()
	restarts := map[string]bool{}
	for _, c := range r.json(0, "apply", "etcd").Changes {
		if c.Subject == etcdUnit && c.Action == "restart" {
			restarts[c.Host] = true
		}
	}
	after := r.etcdPIDs()
	for _, n := range r.spec.Hosts {
		if !restarts[n.Name] || after[n.Name] == before[n.Name] {
			t.Errorf("%s: restart reported %v, process %d, before %d", n.Name, restarts[n.Name], after[n.Name], before[n.Name])
		}
	}
	if again := r.json(0, "apply", "etcd"); len(again.Changes) != 0 {
		t.Errorf("a second run finds something left to do: %+v", again.Changes)
	}
	r.exits(0, "etcd", "verify")
}

// Members whose directories were removed under them still hold the data; nothing may let them begin a new cluster.
func TestMembersThatLostTheirDirectoriesWhileRunningAreRefused(t *testing.T) {
	r := rehearse(t)
	r.up()
	pids := r.etcdPIDs()
	for _, n := range r.spec.Hosts {
		must(t, os.RemoveAll(filepath.Join(r.Root(n.Name), "var/lib/etcd/member")))
	}
	got := r.exits(1, "apply", "etcd")
	for _, n := range r.spec.Hosts {
		if !strings.Contains(got.errors, n.Name+": /var/lib/etcd: ") || !strings.Contains(got.errors, "hint:") {
			t.Errorf("the message does not name %s, and what to do:\n%s", n.Name, got.errors)
		}
		if _, err := os.Stat(filepath.Join(r.Root(n.Name), "run/hardway/etcd-bootstrap.env")); err == nil {
			t.Errorf("%s is armed for a new cluster", n.Name)
		}
		if now := r.etcdPIDs()[n.Name]; now != pids[n.Name] {
			t.Errorf("%s: process %d, before %d", n.Name, now, pids[n.Name])
		}
	}
}

// A data directory that is a file system of its own is never empty.
func TestClusterBeginsOnFileSystemsOfTheirOwn(t *testing.T) {
	r := rehearse(t)
	for _, n := range r.spec.Hosts {
		must(t, os.MkdirAll(filepath.Join(r.Root(n.Name), "var/lib/etcd/lost+found"), 0o700))
	}
	r.up()
}

// What was staged for hosts whose turn did not come is taken off again: there are keys among it.
func TestShutGateLeavesNothingStaged(t *testing.T) {
	r := rehearse(t)
	r.up()
	r.edit("gateTimeout: 30s", "gateTimeout: 5s")
	for _, n := range r.spec.Hosts {
		for _, ending := range []string{".crt", ".key"} {
			must(t, os.Remove(filepath.Join(r.work, "pki", n.Name, "etcd-server"+ending)))
		}
	}
	r.trustMore()
	must(t, r.PauseUnit("kmaster3", etcdUnit))
	r.exits(1, "apply", "etcd")
	for _, n := range r.spec.Hosts {
		staged, err := filepath.Glob(filepath.Join(r.Root(n.Name), "etc/etcd/pki/.hardway-stage/*"))
		if err != nil || len(staged) > 0 {
			t.Errorf("%s keeps what was staged: %v %v", n.Name, staged, err)
		}
	}
	must(t, r.ResumeUnit("kmaster3", etcdUnit))
	r.exits(0, "apply", "etcd")
}

func TestApplyEtcdSpeaksOnlyOfTheHostsItIsLimitedTo(t *testing.T) {
	r := rehearse(t)
	r.up()
	r.trustMore()
	r.exits(0, "apply", "etcd", "--only", "kmaster1")
	got := r.exits(0, "apply", "etcd", "--only", "kmaster1")
	said := got.out + got.errors
	if !strings.Contains(said, "1 member holds and runs what it should") || !strings.Contains(said, "left out by --only: kmaster2, kmaster3") {
		t.Errorf("it does not say which members it speaks of, and which it left out:\n%s", said)
	}
}
