//go:build e2e

package test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/haproxy"
)

// twoBalancers is a spec of three masters behind two balancers that share an address; its hosts are given addresses of the lab's.
const twoBalancers = `apiVersion: hardway/v1alpha1
kind: Cluster
metadata:
  name: balanced
spec:
  kubernetes: {version: v1.36.3}
  etcd: {version: v3.6.16}
  endpoint: {host: 172.31.240.200, port: 6443}
  network:
    podCIDR: 10.200.0.0/16
    serviceCIDR: 10.32.0.0/24
    clusterDomain: cluster.local
  binaries: {dir: %s}
  loadBalancer: {virtualIP: 172.31.240.200}
  hosts:
  - {name: kmaster1, address: 172.31.240.11, roles: [etcd, control-plane]}
  - {name: kmaster2, address: 172.31.240.12, roles: [etcd, control-plane]}
  - {name: kmaster3, address: 172.31.240.13, roles: [etcd, control-plane]}
  - {name: haproxy1, address: 172.31.240.10, roles: [load-balancer]}
  - {name: haproxy2, address: 172.31.240.9, roles: [load-balancer]}
`

// moveLimit is how long a shared address may take to move.
const moveLimit = 5 * time.Second

// TestMachinesBalancers takes the shared address from whoever holds it, in each way in which that can happen.
func TestMachinesBalancers(t *testing.T) {
	m := newMachines(t)
	file := filepath.Join(t.TempDir(), "cluster.yaml")
	must(t, os.WriteFile(file, fmt.Appendf(nil, twoBalancers, filepath.Join(m.work, "bin")), 0o600))
	m.begin("-f", file)
	m.exits(0, "up")
	for _, step := range []struct {
		name string
		do   func(*testing.T, *machines)
	}{
		{"one of them serves at the shared address", oneHolderServes},
		{"the second up changes nothing", secondUpRestartsNothing},
		{"the address leaves a balancer that does not serve", leavesWhoDoesNotServe},
		{"the address leaves a balancer that is gone", leavesWhoIsGone},
		{"a restart of keepalived everywhere moves it once", movesOnce},
		{"a firewall between them is named", splitIsNamed},
		{"a configuration that keepalived cannot read is not used", brokenIsNotUsed},
	} {
		t.Run(step.name, func(t *testing.T) {
			m.t = t
			step.do(t, m)
		})
	}
}

// holders is the balancers that have the shared address, of those that are on.
func (m *machines) holders() []string {
	m.t.Helper()
	var out []string
	states := m.states()
	for _, n := range m.spec.With(cluster.RoleLoadBalancer) {
		if states[n.Name] == "on" && strings.Contains(m.ssh(n.Name, "ip -o address show"), " "+m.spec.LoadBalancer.VirtualIP+"/") {
			out = append(out, n.Name)
		}
	}
	return out
}

func (m *machines) holder() string {
	m.t.Helper()
	holders := m.holders()
	if len(holders) != 1 {
		m.t.Fatalf("the shared address is held by %v", holders)
	}
	return holders[0]
}

func oneHolderServes(t *testing.T, m *machines) {
	if m.spec.Endpoint.Host != m.spec.LoadBalancer.VirtualIP {
		t.Fatalf("the endpoint is %s, not the shared address", m.spec.Endpoint.Host)
	}
	c := &controlPlane{rehearsal: m.rehearsal}
	if status, err := c.readyz(m.spec.LoadBalancer.VirtualIP); status != 200 {
		t.Errorf("%s, which holds it, answers %d, %v", m.holder(), status, err)
	}
}

// moved loses something of the holder under load and wants the address on another balancer; then what was lost comes back,
// and the address has to stay.
func (m *machines) moved(what string, lose, back func(holder string)) {
	m.t.Helper()
	before := m.holder()
	var took time.Duration
	report := m.underFailure(func() {
		lose(before)
		began := time.Now()
		eventually(m.t, moveLimit, "another has the address", func() bool {
			return slices.ContainsFunc(m.holders(), func(h string) bool { return h != before })
		})
		took = time.Since(began)
	}, func() { back(before) })
	m.t.Logf("%s: the address moved within %s; longest gap of reads %.2f s, of writes %.2f s; load of this machine %s\n%s", what,
		took.Round(10*time.Millisecond), report.Gaps["read"].Length.Seconds(), report.Gaps["write"].Length.Seconds(), loadAverage(), report)
	if len(report.Lost)+len(report.Missed) > 0 || report.Requests < 500 {
		m.t.Errorf("writes are lost, or that is no load: %s", report)
	}
	if now := m.holder(); now == before {
		m.t.Errorf("%s took the address back", before)
	}
}

func leavesWhoDoesNotServe(_ *testing.T, m *machines) {
	m.moved("HAProxy of the holder stops", func(holder string) { m.ssh(holder, "systemctl stop "+haproxy.Unit) },
		func(holder string) { m.ssh(holder, "systemctl start "+haproxy.Unit) })
}

func leavesWhoIsGone(_ *testing.T, m *machines) {
	m.moved("the holder loses power", func(holder string) { m.lab("kill", holder) }, func(holder string) { m.lab("boot", holder) })
}

// movesOnce makes keepalived stale on every balancer, the holder among them.
func movesOnce(t *testing.T, m *machines) {
	dropIn := artifact.UnitDir + "/" + haproxy.SharedUnit + ".d/hardway.conf"
	for _, n := range m.spec.With(cluster.RoleLoadBalancer) {
		m.ssh(n.Name, "sed -i s/"+artifact.InputsVariable+"=.*/"+artifact.InputsVariable+"=older/ "+dropIn+" && systemctl daemon-reload && systemctl restart "+haproxy.SharedUnit)
		eventually(t, 20*time.Second, "one holds the address", func() bool { return len(m.holders()) == 1 })
	}
	before := m.taken()
	holder := m.holder()
	m.exits(0, "apply", "haproxy")
	if moves := m.taken() - before; moves != 1 || m.holder() == holder {
		t.Errorf("the address was taken %d times, from %s to %s", moves, holder, m.holder())
	}
	if again := m.exits(0, "apply", "haproxy"); !strings.Contains(again.out, "nothing was done") {
		t.Errorf("applied again it says\n%s", again.out)
	}
}

// taken is how often any balancer has taken the address so far.
func (m *machines) taken() int {
	m.t.Helper()
	sum := 0
	for _, n := range m.spec.With(cluster.RoleLoadBalancer) {
		times, err := strconv.Atoi(m.ssh(n.Name, "journalctl -u "+haproxy.SharedUnit+" -o cat | grep -c 'Entering MASTER STATE' || :"))
		must(m.t, err)
		sum += times
	}
	return sum
}

// splitIsNamed keeps the word of each that it lives from the other: then both have the address.
func splitIsNamed(t *testing.T, m *machines) {
	everywhere := func(command string) {
		for _, n := range m.spec.With(cluster.RoleLoadBalancer) {
			m.ssh(n.Name, command)
		}
	}
	everywhere("nft add table inet test && nft add chain inet test input '{ type filter hook input priority 0; }' && nft add rule inet test input meta l4proto vrrp drop")
	eventually(t, 20*time.Second, "both have the address", func() bool { return len(m.holders()) == 2 })
	if said := m.exits(3, "verify"); !strings.Contains(said.out, "is held by each of") || !strings.Contains(said.out, "virtual-address") {
		t.Errorf("verify does not name it:\n%s", said.out)
	}
	everywhere("nft delete table inet test")
	eventually(t, 20*time.Second, "one has the address", func() bool { return len(m.holders()) == 1 })
	m.exits(0, "verify")
}

// brokenIsNotUsed has a person break the configuration of the holder: what runs goes on, and the next apply mends it.
func brokenIsNotUsed(t *testing.T, m *machines) {
	holder := m.holder()
	if said := m.ssh(holder, "echo nonsense 4 >>"+haproxy.SharedPath+"; systemctl reload "+haproxy.SharedUnit+" && echo taken || echo refused"); !strings.Contains(said, "refused") {
		t.Errorf("a configuration that is none was read: %s", said)
	}
	if m.holder() != holder {
		t.Errorf("the address has left %s", holder)
	}
	m.exits(0, "apply", "haproxy")
	if m.holder() != holder || m.ssh(holder, "grep -c nonsense "+haproxy.SharedPath+" || :") != "0" {
		t.Errorf("the configuration was not mended, or the address moved from %s to %s", holder, m.holder())
	}
}
