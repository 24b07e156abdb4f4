package cluster

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// systemv is the example of five hosts in the public contract.
const systemv = `apiVersion: hardway/v1alpha1
kind: Cluster
metadata:
  name: systemv
spec:
  kubernetes: {version: v1.36.3}
  etcd: {version: v3.6.16}
  endpoint: {host: haproxy.systemv.local, port: 6443}   # what kubelets and people dial
  network:
    podCIDR: 10.200.0.0/16            # dual stack: a list; nodeMaskSize: 24
    serviceCIDR: 10.32.0.0/24         # DNS is its 10th address
    clusterDomain: cluster.local
  # from here on everything is optional
  pki:
    key: {algorithm: ecdsa, size: 256}
    validity: {ca: 87600h, leaf: 8760h}
    extraSANs: [api.example.com]
    adminGroup: hardway:cluster-admins
    signOnMasters: true               # the controller-manager signs CSRs, so masters hold ca.key
  encryption: {provider: secretbox, resources: [secrets]}     # secretbox, aescbc, kms; aesgcm with a waiver
  binaries: {dir: bin, mirror: https://dl.k8s.io}
  loadBalancer: {statsListen: "127.0.0.1:9000", statsUser: admin, virtualIP: ""}
  worker: {cni: bridge, kubeProxyMode: nftables, cgroupDriver: systemd, bootstrap: certificates, onMasters: false}   # bootstrap: token
  addons: {coredns: true, metricsServer: true, strictARP: false}
  rollout: {gateTimeout: 2m}
  waive: []                           # names of single checks
  ssh: {user: root, port: 22, identityFile: ~/.ssh/id_ed25519, jump: [], sudo: false, parallel: 20, timeout: 30s}
  hosts:
  - {name: kmaster1, address: 192.168.96.46, aliases: [kmaster1.systemv.local], roles: [etcd, control-plane]}
  - {name: kmaster2, address: 192.168.96.47, roles: [etcd, control-plane]}
  - {name: kmaster3, address: 192.168.96.48, roles: [etcd, control-plane]}
  - {name: haproxy,  address: 192.168.96.7,  roles: [load-balancer]}
  - {name: kworker1, address: 192.168.96.49, roles: [worker], ssh: {user: ubuntu, sudo: true}}
`

func TestParseTakesTheContractsExample(t *testing.T) {
	spec := parsed(t, systemv)
	if len(spec.Hosts) != 5 || spec.Name != "systemv" || !*spec.Hosts[4].SSH.Sudo || spec.Rollout.GateTimeout.Duration != 2*time.Minute {
		t.Errorf("got %+v", spec)
	}
}

func parsed(t *testing.T, text string) *Spec {
	t.Helper()
	spec, err := Parse([]byte(text), "cluster.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func TestParseRefusesWhatIsNoSpec(t *testing.T) {
	rows := []struct{ name, text, subject, message, hint string }{
		{"an empty file", "", "cluster.yaml", "is empty", "hardway init"},
		{"comments alone", "# nothing\n---\n", "cluster.yaml", "is empty", "hardway init"},
		{"several documents", systemv + "---\n" + systemv, "cluster.yaml", "several documents", "one cluster per file"},
		{"a tab", strings.Replace(systemv, "  endpoint", "\tendpoint", 1), "cluster.yaml:8", "indented with a tab", "by spaces"},
		{"a tab behind spaces", "a:\n  \tb: 1\n  c: 2\n", "cluster.yaml:2", "indented with a tab", "by spaces"},
		{"binary rubbish", "\x7fELF\x02\x01\x01\x00\x00", "cluster.yaml:1", "not text", "plain UTF-8 text"},
		{"binary rubbish in the middle", "a: 1\nb: \xff\xfe\n", "cluster.yaml:2", "not text", "plain UTF-8 text"},
		{"a bracket left open", "a: 1\nb: [1\nc: 2\n", "cluster.yaml:", "is not valid YAML", "YAML is"},
		{"wrong indentation", "a:\n    b: 1\n  c: 1\n", "cluster.yaml:", "is not valid YAML", "YAML is"},
		{"a broken second document", systemv + "---\na: [\n", "cluster.yaml:", "is not valid YAML", "YAML is"},
		{"an alias of nothing", "a: *b\n", "cluster.yaml", "unknown anchor", "YAML is"},
		{"a list", "- 1\n", "(document)", "want a map of keys and values, got a list", "commented cluster.yaml"},
		{"a word", "hello\n", "(document)", "got the text", "map of keys"},
		{"a file of another kind and size", strings.Repeat("# padding\n", 110_000), "cluster.yaml", "larger than a spec can be", "another file"},
		{"an alias of a large text many times", "a: &a " + strings.Repeat("x", 1<<19) + "\nspec: {waive: [" + strings.Repeat("*a,", 1000) + "]}", "cluster.yaml", "once its aliases are expanded", "write repeated values out"},
		{"aliases of aliases", bomb(9), "cluster.yaml", "excessive aliasing", "YAML is"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			_, err := Parse([]byte(row.text), "cluster.yaml")
			problems, ok := err.(Problems)
			if !ok || len(problems) != 1 {
				t.Fatalf("want one problem, got %v", err)
			}
			p := problems[0]
			if !strings.HasPrefix(p.Subject, row.subject) || !strings.Contains(p.Message, row.message) || !strings.Contains(p.Hint, row.hint) {
				t.Errorf("got %q, hint %q", p, p.Hint)
			}
		})
	}
}

// bomb is the billion laughs: each level holds nine of the one below.
func bomb(levels int) string {
	var b strings.Builder
	b.WriteString("l0: &l0 [x]\n")
	for i := 1; i <= levels; i++ {
		one := fmt.Sprintf("*l%d,", i-1)
		fmt.Fprintf(&b, "l%d: &l%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(one, 9), ","))
	}
	return b.String()
}

func TestParseNamesEveryKeyItDoesNotKnow(t *testing.T) {
	problems := broken(t, []string{
		"metadata:\n", "metadata:\n  labels: {}\n",
		"podCIDR:", "podCidr:",
		"{name: kmaster2,", "{name: kmaster2, adress: x, ",
		"roles: [worker]", "roles: [worker], ssh2: {}",
		"  addons:", "  1: 2\n  \"a b\": {}\n  addons:",
	})
	want := map[string]string{
		"metadata.labels":      "known here: name",
		"spec.1":               "",
		`spec."a b"`:           "",
		"spec.network.podCidr": "did you mean podCIDR?",
		"spec.network.podCIDR": "write a range",
		"spec.hosts[1].adress": "did you mean address?",
		"spec.hosts[4].ssh2":   "did you mean ssh?",
	}
	for _, p := range problems {
		hint, ok := want[p.Subject]
		if !ok || !strings.Contains(p.Hint, hint) {
			t.Errorf("got %q, hint %q", p, p.Hint)
		}
		delete(want, p.Subject)
	}
	if len(want) > 0 {
		t.Errorf("not named: %v", want)
	}
}

func TestParseNamesEveryDuplicateKey(t *testing.T) {
	problems := broken(t, []string{"  endpoint:", "  etcd: {version: v3.6.1}\n  endpoint:", "  addons:", "  etcd: {}\n  addons:"})
	if len(problems) != 2 || problems[0].Subject != "cluster.yaml:8" || problems[1].Subject != "cluster.yaml:25" {
		t.Fatalf("got %v", problems)
	}
	for _, p := range problems {
		if !strings.Contains(p.Message, `key "etcd" already set`) || !strings.Contains(p.Hint, "remove one") {
			t.Errorf("got %q, hint %q", p, p.Hint)
		}
	}
}

func TestParseNamesEveryValueOfAnotherType(t *testing.T) {
	holdsTo(t, []rule{
		{"text for a number", []string{"port: 6443", "port: '6443'"}, []string{`spec.endpoint.port: want a whole number, got the text "6443"`}},
		{"a fraction for a number", []string{"port: 6443", "port: 6443.5"}, []string{"spec.endpoint.port: want a whole number, got 6443.5"}},
		{"a number beyond all numbers", []string{"port: 6443", "port: 99999999999999999999999999"}, []string{"spec.endpoint.port: want a whole number"}},
		{"a word for true or false", []string{"sudo: false", "sudo: maybe"}, []string{"spec.ssh.sudo: want true or false"}},
		{"a list for text", []string{"statsUser: admin", "statsUser: [admin]"}, []string{"spec.loadBalancer.statsUser: want text, got a list"}},
		{"true for text", []string{"statsUser: admin", "statsUser: true"}, []string{"spec.loadBalancer.statsUser: want text, got true"}},
		{"text for a map", []string{"key: {algorithm: ecdsa, size: 256}", "key: ecdsa"}, []string{"spec.pki.key: want a map of keys and values"}},
		{"a map for a list", []string{"roles: [worker]", "roles: {worker: true}"}, []string{"spec.hosts[4].roles: want a list, got a map"}},
		{"a map for one or more", []string{"podCIDR: 10.200.0.0/16", "podCIDR: {a: b}"}, []string{"spec.network.podCIDR: want text or a list of text"}},
		{"a number among texts", []string{"resources: [secrets]", "resources: [secrets, 1, configmaps, 2]"},
			[]string{"spec.encryption.resources[1]: want text, got 1", "spec.encryption.resources[3]: want text, got 2"}},
		{"nothing among texts", []string{"resources: [secrets]", "resources: [secrets, ~]"}, []string{"spec.encryption.resources[1]: want text, got nothing"}},
		{"text among hosts", []string{"  - {name: kworker1", "  - kworker0\n  - {name: kworker1"}, []string{"spec.hosts[4]: want a map of keys and values"}},
	})
}

func TestParseTakesNothingForLeftOut(t *testing.T) {
	spec := parsed(t, edited(t, []string{"rollout: {gateTimeout: 2m}", "rollout:", "{statsListen: \"127.0.0.1:9000\"", "{statsListen: ~", "jump: []", "jump: ~"}))
	if spec.Rollout.GateTimeout.Duration != 2*time.Minute || spec.LoadBalancer.StatsListen != "127.0.0.1:9000" {
		t.Errorf("got %+v", spec)
	}
}

func TestSpecSurvivesBeingWrittenAndRead(t *testing.T) {
	want := parsed(t, systemv)
	text, err := yaml.Marshal(Cluster{APIVersion: APIVersion, Kind: Kind, Metadata: Metadata{Name: want.Name}, Spec: *want})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, parsed(t, string(text))); diff != "" {
		t.Errorf("%s\n%s", diff, text)
	}
}
