package check_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"hardway/check"
	"hardway/cluster"
	"hardway/test/sample"
)

// commandsOf is every command for a host's firewall.
func commandsOf(spec *cluster.Spec, host, firewall string) []string {
	var out []string
	for _, r := range check.Rules(spec) {
		if r.Host == host {
			out = append(out, r.Commands(firewall)...)
		}
	}
	return out
}

func TestRulesLetInWhoDialsAndNobodyElse(t *testing.T) {
	spec := sample.Spec(t)
	for _, want := range []struct{ host, firewall, command string }{
		{"kmaster1", "nftables", `nft insert rule inet filter input ip saddr '{ 192.168.96.47, 192.168.96.48 }' tcp dport 2380 accept comment '"etcd, for peers: etcd, members replicate"'`},
		{"kmaster1", "firewalld", `firewall-cmd --permanent --add-rich-rule='rule family="ipv4" source address="192.168.96.47" port port="2380" protocol="tcp" accept'`},
		{"kmaster1", "ufw", `ufw allow proto tcp from 192.168.96.8 to any port 6443 comment 'kube-apiserver: load balancers, pass requests on and check /readyz'`},
		{"haproxy1", "firewalld", `firewall-cmd --permanent --add-rich-rule='rule family="ipv4" source address="192.168.96.8" protocol value="vrrp" accept'`},
		{"haproxy1", "ufw", `ufw allow 6443/tcp comment 'HAProxy, the endpoint: the operator, hardway, and people'`},
		{"kworker1", "ufw", `ufw allow from 10.200.0.0/16 comment 'pods: pods, packets between pods go from node to node as they are'`},
		{"kworker1", "firewalld", `firewall-cmd --permanent --zone=trusted --add-source=10.200.0.0/16`},
	} {
		if got := commandsOf(spec, want.host, want.firewall); !slices.Contains(got, want.command) {
			t.Errorf("%s, %s: missing is\n%s\nin\n%s", want.host, want.firewall, want.command, strings.Join(got, "\n"))
		}
	}
	for _, host := range []string{"haproxy1", "kworker1"} {
		if all := strings.Join(commandsOf(spec, host, "nftables"), "\n"); strings.Contains(all, "2380") || strings.Contains(all, "2379") {
			t.Errorf("%s opens ports of etcd, which it has none of:\n%s", host, all)
		}
	}
	for _, c := range commandsOf(spec, "kmaster1", "nftables") {
		if strings.Contains(c, "2381") || strings.Contains(c, "10257") {
			t.Errorf("a server on loopback needs no rule: %s", c)
		}
	}
}

func TestRulesKeepTheFamiliesOfAddressesApart(t *testing.T) {
	spec := sample.Spec(t, func(s *cluster.Spec) {
		s.Network.PodCIDR = append(s.Network.PodCIDR, "fd10::/56")
		s.Network.ServiceCIDR = append(s.Network.ServiceCIDR, "fd20::/112")
		for i, a := range []string{"fd00::1", "fd00::2", "fd00::3", "fd00::4", "fd00::5", "fd00::6", "fd00::7"} {
			s.Hosts[i].Address = append(s.Hosts[i].Address, a)
		}
	})
	got := commandsOf(spec, "kmaster1", "nftables")
	for _, want := range []string{"ip saddr '{ 192.168.96.47, 192.168.96.48 }' tcp dport 2380", "ip6 saddr '{ fd00::2, fd00::3 }' tcp dport 2380"} {
		if !slices.ContainsFunc(got, func(c string) bool { return strings.Contains(c, want) }) {
			t.Errorf("missing is %s in\n%s", want, strings.Join(got, "\n"))
		}
	}
}

func TestAMasterWithoutABalancerIsOpenToWhoDialsTheEndpoint(t *testing.T) {
	spec := sample.Spec(t, func(s *cluster.Spec) {
		s.Hosts = slices.DeleteFunc(s.Hosts, func(n cluster.Node) bool { return n.Has(cluster.RoleLoadBalancer) })
		s.LoadBalancer.VirtualIP = ""
	})
	if got := commandsOf(spec, "kmaster1", "firewalld"); !slices.Contains(got, "firewall-cmd --permanent --add-port=6443/tcp") {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

// TestRulesAreShell: what is printed is to be pasted.
func TestRulesAreShell(t *testing.T) {
	spec := sample.Spec(t)
	for _, firewall := range check.Firewalls() {
		for _, n := range spec.Hosts {
			script := strings.Join(commandsOf(spec, n.Name, firewall), "\n")
			if out, err := exec.Command("sh", "-n", "-c", script).CombinedOutput(); err != nil || script == "" {
				t.Errorf("%s, %s: %v: %s\n%s", n.Name, firewall, err, out, script)
			}
		}
	}
}

// TestMetricsProxiesAreReached: where a cluster is monitored Prometheus dials nodes at further ports, and nowhere else.
func TestMetricsProxiesAreReached(t *testing.T) {
	count := func(edit func(*cluster.Spec)) (proxies int) {
		for _, o := range check.Openings(sample.Spec(t, edit)) {
			if strings.HasSuffix(o.Server, "metrics for Prometheus") {
				proxies++
				if o.Unit != "" || len(o.From) != 1 || len(o.From[0].Nodes) != 4 {
					t.Errorf("%s on %s is dialled by %+v", o.Server, o.Node.Name, o.From)
				}
			}
		}
		return proxies
	}
	if got := count(func(s *cluster.Spec) { s.Addons.Monitoring, s.Worker.OnMasters = true, true }); got != 3*3+5 {
		t.Errorf("%d proxies, want three on each master and one on each node", got)
	}
	if got := count(func(*cluster.Spec) {}); got != 0 {
		t.Errorf("%d proxies in a cluster that is not monitored", got)
	}
}
