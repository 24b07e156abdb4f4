package check_test

import (
	"strings"
	"testing"

	"hardway/check"
	"hardway/cluster"
)

func TestHostsThatAreFitHaveARowForEveryCheckThatIsAboutThem(t *testing.T) {
	s := surveyed(t, nil)
	rows := s.Judge()
	if bad := notOK(rows); len(bad) > 0 {
		t.Errorf("all is well, but: %+v", bad)
	}
	for _, host := range []string{"kmaster1", "haproxy1", "kworker1"} {
		for _, name := range []string{"ssh", "hostname", "machine-id", "address", "mac-address", "clock", "systemd", "existing-cluster", "ports", "forwarding", "mtu", "endpoint-name"} {
			if n := len(with(rows, host, name)); n != 1 {
				t.Errorf("%s has %d rows for %s, want 1", host, n, name)
			}
		}
	}
	for name, want := range map[string][3]int{"etcd-fsync": {1, 0, 0}, "cpu": {1, 0, 0}, "haproxy": {0, 1, 0}, "swap": {1, 0, 1}, "container-runtime": {0, 0, 1}, "source-address": {1, 0, 0}} {
		got := [3]int{len(with(rows, "kmaster1", name)), len(with(rows, "haproxy1", name)), len(with(rows, "kworker1", name))}
		if got != want {
			t.Errorf("%s: rows for master, balancer and worker: %v, want %v", name, got, want)
		}
	}
	if n := len(with(rows, "", "etcd-even-members")); n != 1 {
		t.Errorf("%d rows about the number of members, want 1", n)
	}
}

func TestEveryFindingIsOnItsHostAndSaysWhatToTry(t *testing.T) {
	for name, c := range map[string]struct {
		host, pattern, by string
		check             string
		state             check.State
		at                string
		words             string
	}{
		"another hostname":               {"kmaster1", "hostname .*", "hostname debian", "hostname", check.Failed, "kmaster1", "debian"},
		"the hostname of another":        {"kmaster1", "hostname .*", "hostname kmaster2", "hostname", check.Failed, "kmaster2", "kmaster1"},
		"no machine-id":                  {"kworker1", "machine-id .*", "", "machine-id", check.Failed, "kworker1", "none"},
		"a machine-id that is not set":   {"kworker1", "machine-id .*", "machine-id uninitialized", "machine-id", check.Failed, "kworker1", "none"},
		"a machine-id of another":        {"kworker1", "machine-id .*", "machine-id 5f1d19c7c4c5404aaa1f6d2a48adf00a", "machine-id", check.Failed, "kmaster1", "kworker1"},
		"a machine-id nobody may read":   {"kworker1", "machine-id .*", "denied machine-id /etc/machine-id", "machine-id", check.Unknown, "kworker1", "root"},
		"an address of somebody else":    {"kmaster2", `route 192.168.96.47 local .*`, `route 192.168.96.47 192.168.96.47 via 10.0.0.1 dev eth0 src 10.0.0.4 uid 0`, "address", check.Failed, "kmaster2", "192.168.96.47"},
		"a hardware address of another":  {"kmaster2", "device eth0 .*", "device eth0 1500 02:fc:00:00:00:0a", "mac-address", check.Failed, "kmaster1", "kmaster2"},
		"a clock that is 3 s ahead":      {"kmaster3", `clock 1795263430\.(\d+)`, "clock 1795263433.$1", "clock", check.Failed, "kmaster3", "3s ahead"},
		"an old systemd":                 {"kmaster1", "version systemctl .*", "version systemctl systemd 232", "systemd", check.Failed, "kmaster1", "232"},
		"another first process":          {"kmaster1", "booted", "", "systemd", check.Failed, "kmaster1", "not booted"},
		"an architecture without builds": {"kworker2", "arch .*", "arch riscv64", "architecture", check.Failed, "kworker2", "riscv64"},
		"one CPU":                        {"kmaster1", "cpus .*", "cpus 0", "cpu", check.Failed, "kmaster1", "want 2"},
		"little memory":                  {"kmaster1", "memory MemTotal .*", "memory MemTotal 1048576", "memory", check.Failed, "kmaster1", "1073 MB"},
		"swap under a kubelet":           {"kworker1", "", "swap /dev/sda2 partition 999 0", "swap", check.Failed, "kworker1", "/dev/sda2"},
		"swap under etcd":                {"kmaster1", "", "swap /dev/sda2 partition 999 0", "swap", check.Warning, "kmaster1", "/dev/sda2"},
		"no overlay":                     {"kworker1", "module overlay", "", "kernel-modules", check.Failed, "kworker1", "overlay"},
		"no forwarding":                  {"kworker1", "sysctl net/ipv4/ip_forward 1", "sysctl net/ipv4/ip_forward 0", "sysctls", check.Failed, "kworker1", "net.ipv4.ip_forward"},
		"bridged packets go past":        {"kworker1", "sysctl net/bridge/bridge-nf-call-iptables 1", "", "sysctls", check.Failed, "kworker1", "net.bridge.bridge-nf-call-iptables"},
		"control groups of version 1":    {"kworker1", "cgroup 2", "cgroup 1", "cgroup", check.Failed, "kworker1", "version 1"},
		"a runtime that does not run":    {"kworker1", "socket /run/containerd/containerd.sock", "", "container-runtime", check.Failed, "kworker1", "does not run"},
		"no HAProxy":                     {"haproxy2", "version haproxy .*", "", "haproxy", check.Failed, "haproxy2", "not installed"},
		"an old HAProxy":                 {"haproxy2", "version haproxy .*", "version haproxy HA-Proxy version 1.8.27", "haproxy", check.Failed, "haproxy2", "1.8.27"},
		"no keepalived":                  {"haproxy2", "version keepalived .*", "", "keepalived", check.Failed, "haproxy2", "not installed"},
		"an old keepalived":              {"haproxy2", "version keepalived .*", "version keepalived Keepalived v1.3.5 (03/19,2017)", "keepalived", check.Failed, "haproxy2", "v1.3.5"},
		"no curl for keepalived":         {"haproxy2", "version curl .*", "", "keepalived", check.Failed, "haproxy2", "curl is not installed"},
		"a shared address behind a router": {"haproxy1", `route 192.168.96.5 .*`, `route 192.168.96.5 192.168.96.5 via 10.0.0.1 dev eth0 src 192.168.96.7 uid 0`,
			"virtual-address", check.Failed, "haproxy1", "behind the router 10.0.0.1"},
		"a shared address of another interface": {"haproxy1", `route 192.168.96.5 .*`, `route 192.168.96.5 192.168.96.5 dev eth1 src 192.168.96.250 uid 0`,
			"virtual-address", check.Failed, "haproxy1", "network of eth1"},
		"no way to the shared address": {"haproxy1", `route 192.168.96.5 .*`, `route 192.168.96.5 RTNETLINK answers: Network is unreachable`,
			"virtual-address", check.Failed, "haproxy1", "unreachable"},
		"static pods of kubeadm":          {"kmaster1", "", "path /etc/kubernetes/manifests/etcd.yaml", "existing-cluster", check.Failed, "kmaster1", "manifests/etcd.yaml (kubeadm)"},
		"a member that is not ours":       {"kmaster1", "", "path /var/lib/etcd/member", "existing-cluster", check.Failed, "kmaster1", "etcd member"},
		"k3s":                             {"kworker1", "", "path /var/lib/rancher", "existing-cluster", check.Failed, "kworker1", "k3s"},
		"a port that is taken":            {"kmaster1", "", "listen 2E60A8C0:094C 77\nholder 77 4711 - python3", "ports", check.Failed, "kmaster1", "2380, for etcd, for peers, is taken at 192.168.96.46:2380 by python3"},
		"a port of another unit":          {"kworker1", "", "listen 00000000:280A 77\nholder 77 4711 nginx.service nginx", "ports", check.Failed, "kworker1", "nginx.service"},
		"a port of nobody one can see":    {"kworker1", "user 0", "user 1000\nlisten 00000000:280A 77", "ports", check.Unknown, "kworker1", "cannot be seen"},
		"a way that leaves from outside":  {"kmaster1", `route 192.168.96.47 .*`, `route 192.168.96.47 192.168.96.47 dev eth1 src 10.0.3.15 uid 0`, "source-address", check.Failed, "kmaster1", "10.0.3.15"},
		"no way to a peer":                {"kmaster1", `route 192.168.96.47 .*`, `route 192.168.96.47 RTNETLINK answers: Network is unreachable`, "source-address", check.Failed, "kmaster1", "unreachable"},
		"packets of another size":         {"kmaster2", "device eth0 1500 (.*)", "device eth0 1400 $1", "mtu", check.Warning, "kmaster1", "1500 to kmaster2, which sends back 1400"},
		"a name that does not resolve":    {"kworker2", "resolved .*", "", "endpoint-name", check.Failed, "kworker2", "api.systemv.local"},
		"a name that leads elsewhere":     {"kworker2", "resolved .*", "resolved 10.0.0.1", "endpoint-name", check.Warning, "kworker2", "10.0.0.1"},
		"no nameserver":                   {"kworker2", "nameserver .*", "", "nameservers", check.Warning, "kworker2", "none"},
		"firewalld":                       {"kmaster1", "", "active firewalld", "firewall", check.Warning, "kmaster1", "firewalld"},
		"SELinux":                         {"kmaster1", "", "selinux 1", "selinux", check.Warning, "kmaster1", "enforcing"},
		"a full disk":                     {"kmaster1", "disk .*", "disk /var/lib 264212084 1000", "etcd-disk", check.Failed, "kmaster1", "1 MB free"},
		"a small disk":                    {"kmaster1", "disk .*", "disk /var/lib 264212084 5000000", "etcd-disk", check.Warning, "kmaster1", "5120 MB free"},
		"a slow disk":                     {"kmaster1", "fsync .*", "fsync 0.025", "etcd-fsync", check.Warning, "kmaster1", "25ms"},
		"a disk nobody may write to":      {"kmaster1", "fsync .*", "denied fsync /var/lib", "etcd-fsync", check.Unknown, "kmaster1", "/var/lib"},
		"a data directory that is in use": {"kmaster1", "fsync .*", "path /var/lib/hardway/manifest.json", "etcd-fsync", check.Unknown, "kmaster1", "metrics"},
	} {
		t.Run(name, func(t *testing.T) {
			rows := surveyed(t, on(t, c.host, c.pattern, c.by)).Judge()
			got := notOK(with(rows, c.at, c.check))
			if len(got) == 0 {
				t.Fatalf("%s has no finding of %s: %+v", c.at, c.check, notOK(rows))
			}
			r := got[0]
			if r.State != c.state || !strings.Contains(r.Seen+r.Try, c.words) || r.Try == "" {
				t.Errorf("got %+v, want %s with %q and a remedy", r, c.state, c.words)
			}
		})
	}
}

func TestFactsThatAreFine(t *testing.T) {
	for name, c := range map[string]struct{ host, pattern, by, check string }{
		"a ufw that is switched off":        {"kmaster1", "", "active ufw", "firewall"},
		"a port that its own unit holds":    {"kmaster1", "", "listen 2E60A8C0:094C 77\nholder 77 4711 etcd.service etcd", "ports"},
		"the same port on another address":  {"kmaster1", "", "listen 0100007F:094C 77\nholder 77 4711 - python3", "ports"},
		"a member that hardway delivered":   {"kmaster1", "", "path /var/lib/etcd/member\npath /var/lib/hardway/manifest.json", "existing-cluster"},
		"bridges with one hardware address": {"", "", "device docker0 1500 02:42:00:00:00:01", "mac-address"},
		"br_netfilter built in":             {"kworker1", "module br_netfilter", "", "kernel-modules"},
		"a clock that is 1 s ahead":         {"kmaster3", `clock 1795263430\.(\d+)`, "clock 1795263431.$1", "clock"},
	} {
		t.Run(name, func(t *testing.T) {
			rows := surveyed(t, on(t, c.host, c.pattern, c.by)).Judge()
			at := c.host
			if at == "" {
				at = "kmaster1"
			}
			if bad := notOK(with(rows, at, c.check)); len(bad) > 0 || len(with(rows, at, c.check)) == 0 {
				t.Errorf("it is fine, got %+v", with(rows, at, c.check))
			}
		})
	}
}

func TestAWaiverWaivesItsCheckAlone(t *testing.T) {
	s := surveyed(t, func(host, facts string) string {
		facts = on(t, "kworker1", "", "swap /dev/sda2 partition 999 0")(host, facts)
		return on(t, "kworker1", "cgroup 2", "cgroup 1")(host, facts)
	})
	rows := s.Judge("swap")
	if got := with(rows, "kworker1", "swap"); got[0].State != check.Waived {
		t.Errorf("swap is waived, got %+v", got)
	}
	if got := with(rows, "kworker1", "cgroup"); got[0].State != check.Failed {
		t.Errorf("cgroup is not waived, got %+v", got)
	}
	s.Spec.Waive = []string{"cgroup"}
	if got := with(s.Judge(), "kworker1", "cgroup"); got[0].State != check.Waived {
		t.Errorf("the spec waives cgroup, got %+v", got)
	}
}

func TestEveryCheckButThatOfReachingTheHostCanBeWaived(t *testing.T) {
	known := map[string]bool{}
	for _, w := range cluster.Waivers() {
		known[w.Name] = true
	}
	delete(known, cluster.WaiveAESGCM)
	for _, c := range check.Checks() {
		if known[c.Name] == (c.Name == "ssh") {
			t.Errorf("cluster.Waivers and the check %s do not agree", c.Name)
		}
		delete(known, c.Name)
	}
	for _, c := range check.LiveChecks() {
		delete(known, c.Name)
	}
	for name := range known {
		t.Errorf("no check is called %s, and it can be waived", name)
	}
}
