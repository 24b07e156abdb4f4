//go:build e2e

package test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"hardway/cluster"
	"hardway/controlplane"
	"hardway/haproxy"
	"hardway/test/load"
)

// longestGap is what is promised: how long any client of the balancer waits for an answer when a master is lost.
const longestGap = 3 * time.Second

// lossHeld is how long a master stays lost. A write that waits for an answer is waited for, however long that takes.
const lossHeld = 4 * time.Second

// losses is how a machine is lost, and how it comes back.
var losses = []struct{ name, lose, back string }{
	{"loses power", "kill", "boot"},
	{"hangs", "pause", "resume"},
	{"loses its network", "cut", "mend"},
}

// TestMachinesFailover loses each master in each way, also the one that leads etcd, and restarts the balancer's HAProxy, under
// clients with open connections: none of them waits for long, and nothing that was acknowledged is lost.
func TestMachinesFailover(t *testing.T) {
	m := withMachines(t, "4")
	m.exits(0, "up")
	var rows failoverTable
	for _, loss := range losses {
		for _, n := range m.spec.With(cluster.RoleControlPlane) {
			leads := m.leader() == n.Name
			report := m.underFailure(func() { m.lab(loss.lose, n.Name) }, func() { m.lab(loss.back, n.Name) })
			if !rows.add(t, n.Name+" "+loss.name, leads, report) {
				m.saysOfLeaders()
			}
		}
	}
	balancer := m.spec.With(cluster.RoleLoadBalancer)[0].Name
	for _, verb := range []string{"reload", "restart"} {
		report := m.underFailure(func() { m.ssh(balancer, "systemctl", verb, haproxy.Unit) }, func() {})
		rows.add(t, haproxy.Unit+" "+verb+"s", false, report)
	}
	t.Log(rows.String())
}

// underFailure is what clients saw while something was lost, until all was well again.
func (m *machines) underFailure(lose, back func()) load.Report {
	m.t.Helper()
	l, err := load.Start(m.t.Context(), load.Options{
		Kubeconfig: filepath.Join(m.work, "kubeconfig", "super-admin.kubeconfig"), Namespace: "load-" + time.Now().Format("150405"),
	})
	must(m.t, err)
	time.Sleep(2 * time.Second)
	lose()
	time.Sleep(lossHeld)
	back()
	m.isWell()
	time.Sleep(time.Second)
	report, err := l.Stop(m.t.Context())
	must(m.t, err)
	return report
}

// isWell waits until etcd is proven sound and every API server is ready: what was lost has come back by itself.
func (m *machines) isWell() {
	m.t.Helper()
	c := &controlPlane{rehearsal: m.rehearsal}
	eventually(m.t, 90*time.Second, "every server and the balancer are ready", func() bool {
		for _, n := range m.spec.Hosts {
			if n.Has(cluster.RoleControlPlane) || n.Has(cluster.RoleLoadBalancer) {
				if status, _ := c.readyz(n.PrimaryAddress()); status != 200 {
					return false
				}
			}
		}
		return true
	})
	eventually(m.t, 90*time.Second, "etcd is sound", func() bool { return m.hardway("etcd", "verify").code == 0 })
}

// failoverTable is a line for each thing that was lost.
type failoverTable []string

func (f *failoverTable) add(t *testing.T, what string, leads bool, r load.Report) (kept bool) {
	t.Helper()
	leader := "-"
	if leads {
		leader = "leads etcd"
	}
	read, write := r.Gaps["read"].Length, r.Gaps["write"].Length
	row := fmt.Sprintf("%s\t%s\t%d\t%d\t%d\t%.2f s\t%.2f s\t%d\t%s", what, leader, r.Requests, len(r.Failures), len(r.CutShort),
		read.Seconds(), write.Seconds(), len(r.Lost), loadAverage())
	*f = append(*f, row)
	t.Log(strings.ReplaceAll(row, "\t", ", "))
	if max(read, write) > longestGap {
		t.Errorf("%s: a client waited %s, longer than %s: %s", what, max(read, write).Round(time.Millisecond), longestGap, r)
	}
	if len(r.Lost)+len(r.Missed) > 0 {
		t.Errorf("%s: acknowledged writes are lost, or were never told to a watcher: %s", what, r)
	}
	if r.Requests < 500 || read == 0 || write == 0 {
		t.Errorf("%s: that is no load: %s", what, r)
	}
	return max(read, write) <= longestGap
}

// saysOfLeaders logs what the machines themselves say of who led, and what was done about it.
func (m *machines) saysOfLeaders() {
	m.t.Helper()
	for host, about := range map[cluster.Role]string{
		cluster.RoleControlPlane: "journalctl -o short-precise -u " + controlplane.LostLeaderUnit + " -u etcd.service | grep -E 'lost-leader|systemd|raft.node: ' | tail -n 12; systemctl show -p NRestarts " + controlplane.LostLeaderUnit,
		cluster.RoleLoadBalancer: "journalctl -o short-precise -u " + haproxy.Unit + " | grep -E 'is (UP|DOWN)' | tail -n 12",
	} {
		for _, n := range m.spec.With(host) {
			m.t.Logf("%s:\n%s", n.Name, m.ssh(n.Name, about))
		}
	}
}

func (f failoverTable) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "\nwhat\twho\trequests\tfailed\twatches cut\tlongest read gap\tlongest write gap\tlost\tload of this machine")
	for _, row := range f {
		fmt.Fprintln(w, row)
	}
	_ = w.Flush()
	return b.String()
}

// loadAverage is this machine's over a minute: with more than one for each CPU, gaps say less about the cluster.
func loadAverage() string {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(data), " ")
	return first
}
