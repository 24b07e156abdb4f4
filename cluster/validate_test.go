package cluster

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// broken parses the example with each old text replaced by the new one behind it, and returns what is wrong with it.
func broken(t *testing.T, edits []string, waive ...string) Problems {
	t.Helper()
	_, err := Parse([]byte(edited(t, edits)), "cluster.yaml", waive...)
	if err == nil {
		return nil
	}
	var problems Problems
	if !errors.As(err, &problems) {
		t.Fatalf("the error is no list of problems: %v", err)
	}
	for _, p := range problems {
		if p.Subject == "" || p.Message == "" || p.Hint == "" {
			t.Errorf("a problem without subject, message or hint: %+v", p)
		}
	}
	return problems
}

func edited(t *testing.T, edits []string) string {
	t.Helper()
	text := systemv
	for i := 0; i < len(edits); i += 2 {
		if !strings.Contains(text, edits[i]) {
			t.Fatalf("the example has no %q", edits[i])
		}
		text = strings.Replace(text, edits[i], edits[i+1], 1)
	}
	return text
}

// rule is one way to break the example, or one that it takes: the wanted problems as "path: part of the message".
type rule struct {
	name  string
	edits []string
	want  []string
}

// holdsTo checks that exactly the wanted problems come.
func holdsTo(t *testing.T, rules []rule) {
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			problems := broken(t, r.edits)
			if len(problems) != len(r.want) {
				t.Fatalf("want %d problems %q, got:\n%v", len(r.want), r.want, problems.Error())
			}
			for i, want := range r.want {
				path, message, _ := strings.Cut(want, ": ")
				if problems[i].Subject != path || !strings.Contains(problems[i].Message, message) {
					t.Errorf("want %q, got %q", want, problems[i])
				}
			}
		})
	}
}

func TestNames(t *testing.T) {
	long := strings.Repeat("a", 65)
	holdsTo(t, []rule{
		{"a cluster without a name", []string{"name: systemv\n", "name:\n"}, []string{"metadata.name: is missing"}},
		{"a cluster's name with a dot", []string{"name: systemv\n", "name: system.v\n"}, []string{`metadata.name: "system.v" is no DNS label`}},
		{"a host without a name", []string{"name: kworker1, ", ""}, []string{"spec.hosts[4].name: is missing"}},
		{"a name with an underscore", []string{"kworker1", "k_worker"}, []string{`spec.hosts[4].name: "k_worker" is no DNS name`}},
		{"a name in upper case", []string{"kworker1", "KWorker1"}, []string{"spec.hosts[4].name: is no DNS name"}},
		{"a name that is an address", []string{"kworker1", "10.0.0.5"}, []string{"spec.hosts[4].name: is an IP address"}},
		{"a name longer than Linux allows", []string{"kworker1", long[:33] + "." + long[:33]}, []string{"spec.hosts[4].name: is longer than the 64"}},
		{"a name as long as Linux allows", []string{"kworker1", long[:32] + "." + long[:31]}, nil},
		{"a name of every machine", []string{"kworker1", "localhost"}, []string{"spec.hosts[4].name: every machine's name"}},
		{"an alias that is an address", []string{"kmaster1.systemv.local", "192.168.96.99"}, []string{"spec.hosts[0].aliases[0]: is an IP address"}},
		{"two hosts of one name", []string{"kworker1", "kmaster2"}, []string{`spec.hosts[4].name: "kmaster2" is already spec.hosts[1].name`}},
		{"an alias that is another host's name", []string{"kmaster1.systemv.local", "kworker1"}, []string{`spec.hosts[0].aliases[0]: already spec.hosts[4].name`}},
		{"an alias that differs in case only", []string{"kmaster1.systemv.local", "KMaster2"},
			[]string{"spec.hosts[0].aliases[0]: is no DNS name", "spec.hosts[0].aliases[0]: already spec.hosts[1].name"}},
		{"a fully qualified name", []string{"kworker1", "kworker1.systemv.local"}, nil},
		{"a cluster domain with a final dot", []string{"cluster.local\n", "cluster.local.\n"}, []string{"spec.network.clusterDomain: is no DNS name"}},
	})
}

func TestVersions(t *testing.T) {
	const k, e = "v1.36.3", "v3.6.16"
	holdsTo(t, []rule{
		{"no Kubernetes version", []string{"version: " + k, ""}, []string{"spec.kubernetes.version: is missing"}},
		{"a number for a version", []string{k, "1.36"}, []string{"spec.kubernetes.version: want text, got 1.36"}},
		{"a version without its v", []string{k, "1.36.3"}, []string{`spec.kubernetes.version: "1.36.3" has no v`}},
		{"a version that is none", []string{k, "latest"}, []string{`spec.kubernetes.version: "latest" is no release`}},
		{"a minor version alone", []string{k, "v1.36"}, []string{"spec.kubernetes.version: is no release"}},
		{"a release candidate", []string{k, "v1.36.3-rc.1"}, []string{"spec.kubernetes.version: is no release"}},
		{"too old a Kubernetes", []string{k, "v1.33.9"}, []string{"spec.kubernetes.version: v1.33.9 is not supported, want v1.34, v1.35, v1.36 or v1.37"}},
		{"too new a Kubernetes", []string{k, "v1.38.0"}, []string{"spec.kubernetes.version: v1.38.0 is not supported"}},
		{"another major version", []string{k, "v2.36.0"}, []string{"spec.kubernetes.version: not supported"}},
		{"the oldest and newest Kubernetes", []string{k, "v1.34.0"}, nil},
		{"the newest Kubernetes", []string{k, "v1.37.2"}, nil},
		{"no etcd version", []string{"version: " + e, ""}, []string{"spec.etcd.version: is missing"}},
		{"too old a patch of etcd", []string{e, "v3.5.20"}, []string{"spec.etcd.version: v3.5.20 is not supported, want v3.5 (from v3.5.21), v3.6 or v3.7"}},
		{"an old etcd", []string{e, "v3.5.21"}, nil},
		{"a new etcd", []string{e, "v3.7.3"}, nil},
		{"too new an etcd", []string{e, "v3.8.0"}, []string{"spec.etcd.version: not supported"}},
	})
}

func TestEndpoint(t *testing.T) {
	const host = "host: haproxy.systemv.local, "
	to := func(name string) []string { return []string{host, `host: "` + name + `", `} }
	const path = "spec.endpoint.host: "
	holdsTo(t, []rule{
		{"several masters and none", []string{host, ""}, []string{path + "is missing, and with 3 masters"}},
		{"one of several masters by name", to("kmaster2"), []string{path + "is the master kmaster2"}},
		{"one of several masters by alias", to("kmaster1.systemv.local"), []string{path + "is the master kmaster1"}},
		{"one of several masters by address", to("192.168.96.48"), []string{path + "is the master kmaster3"}},
		{"one of several masters by mapped address", to("::ffff:192.168.96.48"), []string{path + "is the master kmaster3"}},
		{"one of several masters in upper case", to("KMASTER2"), []string{path + "neither a DNS name", path + "is the master kmaster2"}},
		{"a worker", to("kworker1"), []string{path + "is the host kworker1, which serves no API"}},
		{"the load balancer by name", to("haproxy"), nil},
		{"the load balancer by address", to("192.168.96.7"), nil},
		{"an address of a load balancer that is not ours", to("192.168.96.200"), nil},
		{"a URL", to("https://api.example.com"), []string{path + "neither a DNS name nor an IP address"}},
		{"a mistyped address", to("192.168.96.300"), []string{path + "neither a DNS name nor an IP address"}},
		{"every machine itself", to("localhost"), []string{path + "every machine's name"}},
		{"every machine's own address", to("127.0.0.1"), []string{path + "every machine's address"}},
		{"a pod's address", to("10.200.3.4"), []string{path + "lies in spec.network.podCIDR"}},
		{"an IPv6 address in an IPv4 cluster", to("fd00::5"), []string{path + "is IPv6"}},
		{"a port out of range", []string{"port: 6443", "port: 65536"}, []string{"spec.endpoint.port: 65536 is no port"}},
		{"a negative port", []string{"port: 6443", "port: -1"}, []string{"spec.endpoint.port: -1 is no port"}},
		{"one of two load balancers as the endpoint", []string{"host: haproxy.systemv.local", "host: haproxy", "  - {name: haproxy, ", "  - {name: haproxy2, address: 192.168.96.8, roles: [load-balancer]}\n  - {name: haproxy, "},
			[]string{"spec.endpoint.host: haproxy is the load balancer haproxy: the loss of that one of 2"}},
		{"one of two load balancers by its address", []string{"host: haproxy.systemv.local", "host: 192.168.96.7", "  - {name: haproxy, ", "  - {name: haproxy2, address: 192.168.96.8, roles: [load-balancer]}\n  - {name: haproxy, "},
			[]string{"spec.endpoint.host: 192.168.96.7 is the load balancer haproxy"}},
		{"two load balancers behind a name of their own", []string{"  - {name: haproxy, ", "  - {name: haproxy2, address: 192.168.96.8, roles: [load-balancer]}\n  - {name: haproxy, "}, nil},
		{"a master that balances too, on its API server's port", []string{"roles: [etcd, control-plane]}\n  - {name: haproxy", "roles: [etcd, control-plane, load-balancer]}\n  - {name: haproxy"},
			[]string{"spec.endpoint.port: on kmaster3 both"}},
		{"a master that balances too, on another port", []string{"port: 6443", "port: 8443", "roles: [etcd, control-plane]}\n  - {name: haproxy", "roles: [etcd, control-plane, load-balancer]}\n  - {name: haproxy"}, nil},
	})
}

// single makes a cluster of one master without an endpoint.
var single = []string{"host: haproxy.systemv.local, ", "",
	"  - {name: kmaster2, address: 192.168.96.47, roles: [etcd, control-plane]}\n  - {name: kmaster3, address: 192.168.96.48, roles: [etcd, control-plane]}\n", "",
	"  - {name: haproxy,  address: 192.168.96.7,  roles: [load-balancer]}\n", ""}

func TestOnlyMasterIsItsOwnEndpoint(t *testing.T) {
	spec, err := Parse([]byte(edited(t, single)), "cluster.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if spec.Endpoint.Host != "192.168.96.46" {
		t.Errorf("the endpoint is %q", spec.Endpoint.Host)
	}
	problems := broken(t, append(single[:len(single):len(single)], "port: 6443", "port: 443"))
	if len(problems) != 1 || problems[0].Subject != "spec.endpoint.port" {
		t.Errorf("nothing listens on 443 there: %v", problems)
	}
}

func TestEveryProblemComesAtOnce(t *testing.T) {
	problems := broken(t, []string{
		"kind: Cluster", "kind: Pod",
		"  endpoint:", "  endpont: {}\n  endpoint:",
		"port: 6443", "port: many",
		"podCIDR: 10.200.0.0/16", "podCIDR: 10.200.0.1/16",
		"leaf: 8760h", "leaf: 876000h",
		"waive: []", "waive: [everything]",
		"192.168.96.49", "192.168.96.46",
		"roles: [load-balancer]", "roles: [loadbalancer]",
	})
	var got []string
	for _, p := range problems {
		got = append(got, p.Subject)
	}
	want := []string{"spec.endpoint.port", "spec.endpont", "kind", "spec.network.podCIDR", "spec.pki.validity.leaf", "spec.waive[0]",
		"spec.hosts[4].address", "spec.hosts[3].roles[0]"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWaivers(t *testing.T) {
	even := []string{"roles: [worker]", "roles: [worker, etcd]"}
	aesgcm := []string{"provider: secretbox", "provider: aesgcm"}
	both := append(even[:2:2], aesgcm...)
	rows := []struct {
		name  string
		edits []string
		waive []string
		want  []string
	}{
		{"each check speaks unless it is waived", both, nil, []string{"spec.encryption.provider", "spec.hosts"}},
		{"a waiver waives one check alone", both, []string{WaiveEvenMembers}, []string{"spec.encryption.provider"}},
		{"the other waives the other", both, []string{WaiveAESGCM}, []string{"spec.hosts"}},
		{"both on the command line", both, []string{WaiveAESGCM, WaiveEvenMembers}, nil},
		{"one in the spec, one on the command line", append(both[:4:4], "waive: []", "waive: [encryption-aesgcm]"), []string{WaiveEvenMembers}, nil},
		{"an unknown name on the command line", nil, []string{"etcd-even"}, []string{"--waive"}},
		{"an unknown name in the spec", []string{"waive: []", "waive: [all]"}, nil, []string{"spec.waive[0]"}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			var got []string
			for _, p := range broken(t, row.edits, row.waive...) {
				got = append(got, p.Subject)
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUnknownWaiverListsTheKnownOnes(t *testing.T) {
	problems := broken(t, nil, "nonsense")
	for _, w := range Waivers() {
		if !strings.Contains(problems[0].Hint, w.Name) {
			t.Errorf("the hint %q does not list %s", problems[0].Hint, w.Name)
		}
	}
}

func TestSpecKeepsWaiversOfTheCommandLine(t *testing.T) {
	spec, err := Parse([]byte(systemv), "cluster.yaml", WaiveEvenMembers)
	if err != nil {
		t.Fatal(err)
	}
	if !spec.Waived(WaiveEvenMembers) || spec.Waived(WaiveAESGCM) {
		t.Errorf("waived is %q", spec.Waive)
	}
}

// A spec made by a program goes through Validate alone.
func TestValidateWithoutDefaultsNamesEveryMissingField(t *testing.T) {
	var got []string
	for _, p := range (&Spec{}).Validate() {
		got = append(got, p.Subject)
	}
	want := []string{"metadata.name", "spec.kubernetes.version", "spec.etcd.version", "spec.endpoint.port", "spec.endpoint.host",
		"spec.network.clusterDomain", "spec.network.podCIDR", "spec.network.serviceCIDR",
		"spec.pki.key.algorithm", "spec.pki.validity.ca", "spec.pki.validity.leaf", "spec.pki.adminGroup",
		"spec.encryption.provider", "spec.encryption.resources", "spec.binaries.dir", "spec.binaries.mirror",
		"spec.binaries.githubMirror", "spec.binaries.arch", "spec.binaries.cniVersion",
		"spec.loadBalancer.statsListen", "spec.loadBalancer.statsUser",
		"spec.worker.cni", "spec.worker.kubeProxyMode", "spec.worker.cgroupDriver", "spec.worker.bootstrap", "spec.worker.cniBinDir", "spec.rollout.gateTimeout",
		"spec.ssh.parallel", "spec.hosts", "spec.hosts"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
