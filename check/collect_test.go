package check_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"hardway/check"
	"hardway/cluster"
)

// node is a host of the network below.
func node(name string, number int, roles ...cluster.Role) cluster.Node {
	return cluster.Node{Name: name, Address: cluster.OneOrMore{fmt.Sprintf("10.77.0.%d", number)}, Roles: roles}
}

func five() []cluster.Node {
	return []cluster.Node{
		node("master1", 11, cluster.RoleEtcd, cluster.RoleControlPlane), node("master2", 12, cluster.RoleEtcd, cluster.RoleControlPlane),
		node("master3", 13, cluster.RoleEtcd, cluster.RoleControlPlane), node("worker1", 21, cluster.RoleWorker),
		node("balancer1", 31, cluster.RoleLoadBalancer),
	}
}

// look surveys all machines and judges them.
func (n *network) look(t *testing.T) []check.Row {
	t.Helper()
	var targets []check.Target
	for _, h := range n.spec.Hosts {
		targets = append(targets, check.Target{Node: h, Conn: n.dial(t, h.Name)})
	}
	began := time.Now()
	rows := check.Collect(t.Context(), n.spec, targets, time.Now).Judge()
	t.Logf("looked at %d hosts in %v", len(targets), time.Since(began).Round(time.Millisecond))
	return rows
}

// about is what the network decides.
var about = []string{"ssh", "hostname", "machine-id", "address", "mac-address", "clock", "ports", "forwarding", "reach", "source-address", "mtu", "existing-cluster", "systemd"}

func ofNetwork(rows []check.Row) []check.Row {
	return slices.DeleteFunc(notOK(rows), func(r check.Row) bool { return !slices.Contains(about, r.Check) })
}

// only holds that these findings, host check and words each, are all there are.
func only(t *testing.T, rows []check.Row, state check.State, want ...[3]string) {
	t.Helper()
	got := ofNetwork(rows)
	for _, w := range want {
		i := slices.IndexFunc(got, func(r check.Row) bool {
			return r.Host == w[0] && r.Check == w[1] && r.State == state && strings.Contains(r.Seen, w[2])
		})
		if i < 0 {
			t.Errorf("not found: %s %s %q", w[0], w[1], w[2])
			continue
		}
		got = slices.Delete(got, i, i+1)
	}
	if len(got) > 0 || t.Failed() {
		t.Errorf("found besides: %+v", got)
	}
}

func TestMachinesOfANetwork(t *testing.T) {
	n := joined(t, five(), nil)
	master1, master2, worker := n.machines["master1"], n.machines["master2"], n.machines["worker1"]

	t.Run("all is well, and nothing is left", func(t *testing.T) {
		rows := n.look(t)
		only(t, rows, check.OK)
		if got := with(rows, "master1", "reach"); len(got) != 1 || got[0].Seen != "master2:2380, master3:2380, worker1:10250" {
			t.Errorf("what a master dials: %+v", got)
		}
		if got := with(rows, "worker1", "reach"); len(got) != 1 || got[0].Seen != "master1:6443, master2:6443, master3:6443, balancer1:6443" {
			t.Errorf("what a worker dials: %+v", got)
		}
		for name, m := range n.machines {
			if listening := m.run("cat /proc/net/tcp /proc/net/tcp6 | grep ' 0A ' | wc -l"); strings.TrimSpace(listening) != "1" {
				t.Errorf("%s: %s sockets listen, want sshd's alone", name, listening)
			}
			if left := m.run("find /var/lib -name '.hardway*'"); left != "" {
				t.Errorf("%s: left are %s", name, left)
			}
		}
	})
	t.Run("a firewall that says nothing between two members", func(t *testing.T) {
		const rule = "from 10.77.0.12 to 10.77.0.11 ipproto tcp sport 2380 blackhole"
		master2.run("ip rule add " + rule)
		defer master2.run("ip rule del " + rule)
		only(t, n.look(t), check.Failed, [3]string{"master1", "reach", "cannot reach etcd, for peers on master2 (10.77.0.12:2380): no answer within 3s"})
	})
	t.Run("a firewall that refuses", func(t *testing.T) {
		const rule = "to 10.77.0.21 ipproto tcp dport 10250 unreachable"
		master1.run("ip rule add " + rule)
		defer master1.run("ip rule del " + rule)
		only(t, n.look(t), check.Failed, [3]string{"master1", "reach", "kubelet on worker1 (10.77.0.21:10250): the host has no way there"})
	})
	t.Run("an interface with a smaller MTU", func(t *testing.T) {
		worker.run("ip link set eth0 mtu 1400")
		defer worker.run("ip link set eth0 mtu 1500")
		var want [][3]string
		for _, other := range []string{"master1", "master2", "master3", "balancer1"} {
			want = append(want, [3]string{other, "mtu", "1500 to worker1, which sends back 1400"}, [3]string{"worker1", "mtu", "1400 to " + other + ", which sends back 1500"})
		}
		only(t, n.look(t), check.Warning, want...)
	})
	t.Run("a member with a second address", func(t *testing.T) {
		master1.run("ip address add 10.77.0.99/24 dev eth0\nip route add 10.77.0.13 dev eth0 src 10.77.0.99")
		defer master1.run("ip route del 10.77.0.13\nip address del 10.77.0.99/24 dev eth0")
		only(t, n.look(t), check.Failed, [3]string{"master1", "source-address", "dials master3 from 10.77.0.99"})
	})
	t.Run("a port that somebody holds", func(t *testing.T) {
		pid := strings.TrimSpace(master2.run("systemd-socket-activate -l 10.77.0.12:2379 cat </dev/null >/dev/null 2>&1 &\necho $!\nuntil grep -q ':094B ' /proc/net/tcp; do sleep 0.05; done"))
		defer master2.run("kill " + pid)
		only(t, n.look(t), check.Failed, [3]string{"master2", "ports", "2379, for etcd, for clients, is taken at 10.77.0.12:2379 by systemd-socket-"})
	})
	t.Run("a clone", func(t *testing.T) {
		own, other := strings.TrimSpace(worker.run("cat /etc/machine-id")), strings.TrimSpace(master1.run("cat /etc/machine-id"))
		worker.run("hostname master1\necho " + other + " >/etc/machine-id")
		defer worker.run("hostname worker1\necho " + own + " >/etc/machine-id")
		only(t, n.look(t), check.Failed,
			[3]string{"worker1", "hostname", "in the spec it is worker1"}, [3]string{"worker1", "hostname", "also the hostname of master1"}, [3]string{"master1", "hostname", "also the hostname of worker1"},
			[3]string{"worker1", "machine-id", "also that of master1"}, [3]string{"master1", "machine-id", "also that of worker1"})
	})
}

func TestServersThatDoNotForward(t *testing.T) {
	n := joined(t, five(), map[string][]string{
		"master2": {"AllowTcpForwarding no"}, "balancer1": {"AllowStreamLocalForwarding no"},
	})
	rows := n.look(t)
	// Sockets are reached by a program on the host where sshd does not forward them.
	only(t, rows, check.Failed, [3]string{"master2", "forwarding", "TCP"})
	if !slices.ContainsFunc(rows, func(r check.Row) bool {
		return r.Host == "balancer1" && r.Check == "forwarding" && r.State == check.OK && strings.Contains(r.Seen, "sockets")
	}) {
		t.Error("the balancer's sockets were not reached")
	}
}
