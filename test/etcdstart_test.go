package test

import (
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
