package controlplane

import (
	"strings"
	"testing"

	"hardway/cluster"
	"hardway/test/sample"
)

func TestFlagsFollowTheSpec(t *testing.T) {
	no := false
	dual := func(s *cluster.Spec) {
		s.Network.PodCIDR = cluster.OneOrMore{"10.200.0.0/16", "fd00:200::/48"}
		s.Network.ServiceCIDR = cluster.OneOrMore{"10.32.0.0/24", "fd00:32::/112"}
		for i := range s.Hosts {
			s.Hosts[i].Address = append(s.Hosts[i].Address, "fd00:96::"+string(rune('1'+i)))
		}
	}
	v6 := func(s *cluster.Spec) {
		s.Network = cluster.Network{PodCIDR: cluster.OneOrMore{"fd00:200::/48"}, ServiceCIDR: cluster.OneOrMore{"fd00:32::/112"}}
		s.LoadBalancer.VirtualIP = ""
		for i := range s.Hosts {
			s.Hosts[i].Address = cluster.OneOrMore{"fd00:96::" + string(rune('1'+i))}
		}
	}
	loopback := func(s *cluster.Spec) {
		for i := range s.Hosts {
			s.Hosts[i].Address = cluster.OneOrMore{"127.0.0." + string(rune('2'+i))}
		}
	}
	single := func(s *cluster.Spec) {
		s.Hosts = []cluster.Node{s.Hosts[0], s.Hosts[5]}
		s.Endpoint.Host, s.LoadBalancer.VirtualIP = "", ""
	}
	const absent = "(absent)"
	tests := map[string]struct {
		edit func(*cluster.Spec)
		unit func(*cluster.Spec, cluster.Node) []setting
		want map[string]string
	}{
		"one family": {func(*cluster.Spec) {}, apiserverSettings, map[string]string{
			"advertise-address": "192.168.96.46", "bind-address": "0.0.0.0", "secure-port": "6443", "etcd-servers": "https://192.168.96.46:2379",
			"service-cluster-ip-range": "10.32.0.0/24", "goaway-chance": "0.02", "enable-bootstrap-token-auth": "false",
			"service-account-issuer": "https://kubernetes.default.svc.cluster.local", "anonymous-auth": absent,
		}},
		"two families": {dual, apiserverSettings, map[string]string{"service-cluster-ip-range": "10.32.0.0/24,fd00:32::/112", "bind-address": "0.0.0.0"}},
		"IPv6 alone": {v6, apiserverSettings, map[string]string{
			"advertise-address": "fd00:96::1", "bind-address": "::", "etcd-servers": "https://[fd00:96::1]:2379", "service-cluster-ip-range": "fd00:32::/112",
		}},
		"several hosts on one machine": {loopback, apiserverSettings, map[string]string{
			"advertise-address": "127.0.0.2", "bind-address": "127.0.0.2", "etcd-servers": "https://127.0.0.2:2379",
		}},
		"a single master":  {single, apiserverSettings, map[string]string{"goaway-chance": absent}},
		"bootstrap tokens": {func(s *cluster.Spec) { s.Worker.Bootstrap = "token" }, apiserverSettings, map[string]string{"enable-bootstrap-token-auth": "true"}},

		"controllers": {func(*cluster.Spec) {}, controllerManagerSettings, map[string]string{
			"bind-address": "127.0.0.1", "cluster-cidr": "10.200.0.0/16", "node-cidr-mask-size": "24", "cluster-name": "systemv", "controllers": "*",
			"cluster-signing-cert-file": "/etc/kubernetes/pki/ca.crt", "cluster-signing-key-file": "/etc/kubernetes/pki/ca.key", "cluster-signing-duration": "8760h",
			"root-ca-file": "/etc/kubernetes/pki/ca-bundle.crt", "node-cidr-mask-size-ipv4": absent,
		}},
		"controllers of two families": {dual, controllerManagerSettings, map[string]string{
			"cluster-cidr": "10.200.0.0/16,fd00:200::/48", "node-cidr-mask-size": absent, "node-cidr-mask-size-ipv4": "24", "node-cidr-mask-size-ipv6": "64",
			"service-cluster-ip-range": "10.32.0.0/24,fd00:32::/112",
		}},
		"controllers of IPv6 alone":   {v6, controllerManagerSettings, map[string]string{"cluster-cidr": "fd00:200::/48", "node-cidr-mask-size": "64"}},
		"controllers on one machine":  {loopback, controllerManagerSettings, map[string]string{"bind-address": "127.0.0.2"}},
		"controllers for tokens":      {func(s *cluster.Spec) { s.Worker.Bootstrap = "token" }, controllerManagerSettings, map[string]string{"controllers": "*,bootstrapsigner,tokencleaner"}},
		"an authority kept off hosts": {func(s *cluster.Spec) { s.PKI.SignOnMasters = &no }, controllerManagerSettings, map[string]string{"cluster-signing-cert-file": absent, "cluster-signing-key-file": absent}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			spec := sample.Spec(t, test.edit)
			settings := test.unit(spec, spec.Hosts[0])
			for flag, want := range test.want {
				got, there := value(settings, flag)
				if !there {
					got = absent
				}
				if got != want {
					t.Errorf("--%s=%s, want %s", flag, got, want)
				}
			}
		})
	}
}

func TestSchedulerOnOneMachine(t *testing.T) {
	for address, want := range map[string]string{"192.168.96.46": "127.0.0.1", "fd00::1": "127.0.0.1", "127.0.0.11": "127.0.0.11"} {
		got, _ := value(schedulerSettings(cluster.Node{Address: cluster.OneOrMore{address}}), "bind-address")
		if got != want {
			t.Errorf("a scheduler on %s listens on %s, want %s", address, got, want)
		}
	}
}

// TestBenchmark holds what the CIS Kubernetes benchmark looks for on command lines.
func TestBenchmark(t *testing.T) {
	spec := sample.Spec(t)
	node := spec.Hosts[0]
	units := map[string][]setting{
		APIServerUnit: apiserverSettings(spec, node), ControllerManagerUnit: controllerManagerSettings(spec, node), SchedulerUnit: schedulerSettings(node),
	}
	wanted := map[string][]string{
		APIServerUnit: {"profiling=false", "authorization-mode=Node,RBAC", "enable-admission-plugins=NodeRestriction", "audit-log-maxage=30", "audit-log-maxbackup=10",
			"audit-log-maxsize=100", "service-account-extend-token-expiration=false", "tls-min-version=VersionTLS12"},
		ControllerManagerUnit: {"profiling=false", "use-service-account-credentials=true", "bind-address=127.0.0.1", "terminated-pod-gc-threshold=1000"},
		SchedulerUnit:         {"profiling=false", "bind-address=127.0.0.1"},
	}
	present := map[string][]string{
		APIServerUnit: {"kubelet-client-certificate", "kubelet-client-key", "kubelet-certificate-authority", "audit-log-path", "audit-policy-file", "service-account-key-file",
			"etcd-certfile", "etcd-keyfile", "etcd-cafile", "tls-cert-file", "tls-private-key-file", "client-ca-file", "encryption-provider-config", "tls-cipher-suites"},
		ControllerManagerUnit: {"service-account-private-key-file", "root-ca-file"},
	}
	for unit, flags := range wanted {
		for _, flag := range flags {
			name, want, _ := strings.Cut(flag, "=")
			if got, _ := value(units[unit], name); got != want {
				t.Errorf("%s: --%s=%s, want %s", unit, name, got, want)
			}
		}
	}
	for unit, flags := range present {
		for _, name := range flags {
			if got, _ := value(units[unit], name); got == "" {
				t.Errorf("%s: no --%s", unit, name)
			}
		}
	}
}

func TestEachFlagStandsOnce(t *testing.T) {
	spec := sample.Spec(t)
	for unit, settings := range map[string][]setting{
		APIServerUnit: apiserverSettings(spec, spec.Hosts[0]), ControllerManagerUnit: controllerManagerSettings(spec, spec.Hosts[0]), SchedulerUnit: schedulerSettings(spec.Hosts[0]),
	} {
		seen := map[string]bool{}
		for _, s := range settings {
			if seen[s.name] {
				t.Errorf("%s: --%s stands twice", unit, s.name)
			}
			seen[s.name] = true
		}
	}
}

func TestUnknownVersionIsRefused(t *testing.T) {
	m := newMaster(t)
	for _, v := range []string{"v1.33.9", "v1.38.0", "v2.36.0", "latest"} {
		m.spec.Kubernetes.Version = v
		if files, err := Files(m.spec, m.node, m.store, m.encryption); err == nil || len(files) > 0 || !strings.Contains(err.Error(), v) {
			t.Errorf("%s: %d files, error %v", v, len(files), err)
		}
	}
}
