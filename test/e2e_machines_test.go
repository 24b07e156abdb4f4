//go:build e2e

package test

import (
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hardway/cluster"
)

// TestMachinesUp is the whole of it on machines with the real systemd: from nothing, and again.
func TestMachinesUp(t *testing.T) {
	kernel := kernelSettings(t)
	m := withMachines(t, "6")
	began := time.Now()
	m.exits(0, "up")
	c := &controlPlane{rehearsal: m.rehearsal}
	nodesAreReady(t, c)
	t.Logf("every node is Ready %.1f s after `up` began", time.Since(began).Seconds())
	for name, check := range map[string]func(t *testing.T){
		"every server and the balancer are ready": func(t *testing.T) { everyServerIsReady(t, c) },
		"people get in":                      func(t *testing.T) { peopleGetIn(t, c) },
		"no unit failed":                     func(t *testing.T) { everyMachineIsWell(t, m) },
		"etcd is not root":                   func(t *testing.T) { etcdIsNotRoot(t, m) },
		"hosts are hardened":                 func(t *testing.T) { hostsAreHardened(t, m, c) },
		"pods answer through a Service":      func(t *testing.T) { podsAnswer(t, m, c) },
		"the README's story is true":         func(t *testing.T) { readmeIsTrue(t, m) },
		"the second up changes nothing":      func(t *testing.T) { secondUpRestartsNothing(t, m) },
		"this machine's kernel is as it was": func(t *testing.T) { kernelIsAsItWas(t, kernel) },
	} {
		t.Run(name, func(t *testing.T) {
			m.t, c.t = t, t
			check(t)
		})
	}
}

// everyMachineIsWell wants every machine on, with systemd's own word that nothing failed.
func everyMachineIsWell(t *testing.T, m *machines) {
	for name, state := range m.states() {
		if state != "on" {
			t.Errorf("%s is %s", name, state)
		}
	}
	for _, n := range m.spec.Hosts {
		if got := m.ssh(n.Name, "systemctl", "is-system-running"); got != "running" {
			t.Errorf("%s: the system is %s", n.Name, got)
		}
	}
}

// etcdIsNotRoot looks at the process and at its data.
func etcdIsNotRoot(t *testing.T, m *machines) {
	for _, n := range m.spec.With(cluster.RoleEtcd) {
		if got := m.ssh(n.Name, "stat -c '%U %a' /var/lib/etcd; ps -C etcd -o user="); got != "etcd 700\netcd" {
			t.Errorf("%s: the data directory and the process are %q", n.Name, got)
		}
	}
}

func secondUpRestartsNothing(t *testing.T, m *machines) {
	units := func() string {
		var all []string
		for _, n := range m.spec.Hosts {
			names := masterUnits
			switch {
			case n.Has(cluster.RoleLoadBalancer):
				names = []string{"haproxy.service"}
			case n.Has(cluster.RoleWorker):
				names = []string{"containerd.service", "kubelet.service", "kube-proxy.service", "hardway-pod-routes.service"}
			}
			all = append(all, n.Name, m.units(n.Name, names...))
		}
		return strings.Join(all, "\n")
	}
	before := units()
	if again := m.exits(0, "up"); !strings.Contains(again.out, "nothing changed") {
		t.Errorf("the second up says:\n%s", again.out)
	}
	if after := units(); after != before {
		t.Errorf("units were\n%s\nand are\n%s", before, after)
	}
}

// kernelSettings is every setting below /proc/sys that the machines share with this one.
func kernelSettings(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir("/proc/sys", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil //nolint:nilerr // what cannot be read is nothing to compare
		case path == "/proc/sys/net/ipv4/conf" || path == "/proc/sys/net/ipv4/neigh" || path == "/proc/sys/net/ipv6/conf" || path == "/proc/sys/net/ipv6/neigh":
			return fs.SkipDir // one for each interface, of which there are more now
		case d.IsDir() || counters[path]:
			return nil
		}
		if data, err := os.ReadFile(path); err == nil {
			all[path] = strings.TrimSpace(string(data))
		}
		return nil
	})
	if err != nil || len(all) < 100 {
		t.Fatalf("%d settings of the kernel, %v", len(all), err)
	}
	return all
}

// counters is what below /proc/sys counts, instead of setting anything.
var counters = map[string]bool{
	"/proc/sys/fs/dentry-state": true, "/proc/sys/fs/file-nr": true, "/proc/sys/fs/inode-nr": true, "/proc/sys/fs/inode-state": true,
	"/proc/sys/fs/quota/syncs": true, "/proc/sys/fs/aio-nr": true, "/proc/sys/kernel/ns_last_pid": true, "/proc/sys/kernel/pty/nr": true,
	"/proc/sys/kernel/random/entropy_avail": true, "/proc/sys/kernel/random/uuid": true, "/proc/sys/kernel/tainted": true,
	"/proc/sys/net/netfilter/nf_conntrack_count": true, "/proc/sys/fs/nr_open_count": true,
}

func kernelIsAsItWas(t *testing.T, before map[string]string) {
	for path, now := range kernelSettings(t) {
		if was, ok := before[path]; ok && was != now {
			t.Errorf("%s was %s and is %s", path, was, now)
		}
	}
}

// TestMachinesLosePower tries what a lab does to its machines, each as another machine sees it.
func TestMachinesLosePower(t *testing.T) {
	m := withMachines(t, "2")
	victim := m.spec.Hosts[0]
	answers := func() bool {
		conn, err := net.DialTimeout("tcp", net.JoinHostPort(victim.PrimaryAddress(), "22"), 300*time.Millisecond)
		if err != nil {
			return false
		}
		defer conn.Close()
		_ = conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
		_, err = conn.Read(make([]byte, 1))
		return err == nil
	}
	m.ssh(victim.Name, "echo kept >/root/disk; echo kept >/var/lib/etcd/volume; ip route add 10.99.0.0/24 via 172.31.0.1 dev eth0 onlink")
	addresses := m.ssh(victim.Name, "ip -4 -o addr show eth0; ip route")
	boot := m.ssh(victim.Name, "cat /proc/1/stat | cut -d' ' -f22")
	for _, step := range []struct {
		verb, state string
		answers     bool
	}{{"pause", "paused", false}, {"resume", "on", true}, {"cut", "cut", false}, {"mend", "on", true}} {
		m.lab(step.verb, victim.Name)
		if got := m.states()[victim.Name]; got != step.state {
			t.Errorf("after %s it is %s", step.verb, got)
		}
		eventually(t, 10*time.Second, "what "+step.verb+" does is seen", func() bool { return answers() == step.answers })
	}
	if got := m.ssh(victim.Name, "ip -4 -o addr show eth0; ip route"); got != addresses {
		t.Errorf("its addresses and routes were\n%s\nand after a cut are\n%s", addresses, got)
	}
	m.lab("kill", victim.Name)
	if got := m.states()[victim.Name]; got != "off" || answers() {
		t.Errorf("after kill it is %s, and answers: %v", got, answers())
	}
	m.lab("boot", victim.Name)
	if got := m.ssh(victim.Name, "cat /root/disk /var/lib/etcd/volume; hostname"); got != "kept\nkept\n"+victim.Name {
		t.Errorf("its disk holds %q", got)
	}
	if got := m.ssh(victim.Name, "cat /proc/1/stat | cut -d' ' -f22"); got == boot {
		t.Error("it has not booted anew")
	}
	// The same again finds everything there.
	m.lab("up", "--driver", "container")
}
