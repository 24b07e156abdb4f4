//go:build e2e

package test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"hardway/controlplane"
	"hardway/test/load"
)

// TestControlPlaneRollsUnderLoad changes what restarts API servers, and then etcd too, and holds that clients of the
// balancer notice nothing. Two things are the components' own and are told instead: a watch that was ended may ask the same
// server once more, and writes may be under way in the instant in which etcd's lead changes hands.
func TestControlPlaneRollsUnderLoad(t *testing.T) {
	c := withKubernetes(t)
	c.exits(0, "up")
	for _, change := range []struct {
		old, replacement string
		apply            string
		restarts         []string
	}{
		{"  ssh:", "  worker: {bootstrap: token}\n  ssh:", "controlplane", []string{controlplane.APIServerUnit, controlplane.ControllerManagerUnit}},
		{"etcd: {version: v3.6.16}", "etcd: {version: v3.6.15}", "all", []string{"etcd.service", controlplane.APIServerUnit}},
	} {
		c.edit(change.old, change.replacement)
		c.exits(0, "render", "all")
		before := c.processes(change.restarts)
		report := c.underLoad(func() { c.exits(0, "apply", change.apply) })
		t.Logf("apply %s: %s", change.apply, report)
		report.Failures = withoutWatchesAgain(t, report.Failures)
		if slices.Contains(change.restarts, "etcd.service") {
			report.Failures = withoutHandOver(t, report.Failures)
		}
		if report.Failed() > 0 {
			t.Errorf("apply %s was noticed: %d requests failed", change.apply, report.Failed())
		}
		if report.Requests < 1000 {
			t.Errorf("only %d requests: that is no load", report.Requests)
		}
		for unit, pid := range c.processes(change.restarts) {
			if pid == before[unit] {
				t.Errorf("apply %s did not restart %s", change.apply, unit)
			}
		}
	}
}

// withoutWatchesAgain is the failures but for watches that were ended by a server which stops, and came back before it had
// told the connection so: an API server does both at once, in no order.
func withoutWatchesAgain(t *testing.T, failures []load.Failure) []load.Failure {
	t.Helper()
	others := slices.DeleteFunc(slices.Clone(failures), func(f load.Failure) bool {
		return strings.HasPrefix(f.Client, "watch-") && f.Status == 503 && f.Err != nil && strings.Contains(f.Err.Error(), "apiserver is shutting down")
	})
	if again := len(failures) - len(others); again > 0 {
		t.Logf("%d watches asked a stopping server again", again)
	}
	return others
}

// lostProposals is what etcd answers to a write that it dropped because it had no leader, or whose leader was just going.
// It does so in every change of the lead, also in an ordered one, and does not try again by itself.
var lostProposals = []string{"etcdserver: request timed out", "raft proposal dropped", "etcdserver: leader changed", "etcdserver: no leader"}

// withoutHandOver is the failures but for those writes. The lead changes hands once in a roll, so they all began within a
// second.
func withoutHandOver(t *testing.T, failures []load.Failure) []load.Failure {
	t.Helper()
	var began []time.Time
	others := slices.DeleteFunc(slices.Clone(failures), func(f load.Failure) bool {
		lost := f.Status == 500 && f.Err != nil && slices.ContainsFunc(lostProposals, func(s string) bool { return strings.Contains(f.Err.Error(), s) })
		if lost {
			began = append(began, f.At.Add(-f.After))
		}
		return lost
	})
	if len(began) == 0 {
		return others
	}
	first, last := slices.MinFunc(began, time.Time.Compare), slices.MaxFunc(began, time.Time.Compare)
	t.Logf("%d writes were dropped while etcd's lead changed hands, within %s", len(began), last.Sub(first))
	if last.Sub(first) > time.Second {
		t.Errorf("the lead changed hands more than once, or for long: writes were dropped from %s to %s", first, last)
	}
	return others
}

// TestControlPlaneLoadNoticesAKilledServer holds that what the other test counts can fail.
func TestControlPlaneLoadNoticesAKilledServer(t *testing.T) {
	c := withKubernetes(t)
	c.exits(0, "up")
	report := c.underLoad(func() {
		for _, n := range c.masters()[:2] {
			if err := c.KillUnit(n.Name, controlplane.APIServerUnit); err != nil {
				t.Error(err)
			}
		}
	})
	t.Log(report)
	if len(report.Failures) == 0 {
		t.Error("two of three API servers were killed, and no request failed")
	}
	if len(report.Lost) > 0 {
		t.Error("acknowledged writes are lost")
	}
}

// underLoad is what clients saw while something was done, and some seconds before and after.
func (c *controlPlane) underLoad(do func()) load.Report {
	c.t.Helper()
	const around = 3 * time.Second
	l, err := load.Start(c.t.Context(), load.Options{Kubeconfig: c.kubeconfig("super-admin"), Namespace: "load-" + time.Now().Format("150405")})
	if err != nil {
		c.t.Fatal(err)
	}
	time.Sleep(around)
	do()
	time.Sleep(around)
	report, err := l.Stop(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	return report
}

// processes is the main process of each of the units, on every master.
func (c *controlPlane) processes(units []string) map[string]int {
	c.t.Helper()
	out := map[string]int{}
	for _, row := range c.Status() {
		if slices.Contains(units, row.Unit) {
			out[row.Host+" "+row.Unit] = row.PID
		}
	}
	return out
}
