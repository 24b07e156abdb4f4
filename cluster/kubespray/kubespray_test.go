package kubespray

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hardway/cluster"
)

// read writes files into a directory of their own and reads the first of them as the inventory.
func read(t *testing.T, files ...string) (*Inventory, error) {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i+1 < len(files); i += 2 {
		path := filepath.Join(dir, files[i])
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(files[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Read(filepath.Join(dir, files[0]))
}

func mustRead(t *testing.T, files ...string) *Inventory {
	t.Helper()
	inv, err := read(t, files...)
	if err != nil {
		t.Fatal(err)
	}
	return inv
}

// Each layer outweighs the one before it, in Ansible's order.
func TestVariablesOutweighAsInAnsible(t *testing.T) {
	inventory := `[all:vars]
a=all
b=all
c=all
d=all
e=all
f=all
g=all
h=all
[parent:children]
child
[parent:vars]
b=parent
c=parent
[child]
node1 g=host h=host
[child:vars]
c=child
d=child
[beta]
node1
[beta:vars]
i=beta
[alpha]
node1
[alpha:vars]
i=alpha
j=alpha
ansible_group_priority=10
[beta:vars]
j=beta
`
	inv := mustRead(t, "hosts.ini", inventory,
		"group_vars/all.yml", "d: file-all\ne: file-all\nf: file-all\ng: file-all\n",
		"group_vars/parent/b.yml", "e: file-parent-b\nf: file-parent\n",
		"group_vars/parent/a.yml", "e: file-parent-a\n",
		"group_vars/parent/c.txt", "e: no extension of Ansible's\n",
		"group_vars/parent/.hidden.yml", "e: hidden\n",
		"group_vars/child.yaml", "f: file-child\n",
		"host_vars/node1.json", `{"h": "file-host"}`)
	got := inv.of("node1")
	want := vars{"a": "all", "b": "parent", "c": "child", "d": "file-all", "e": "file-parent-b", "f": "file-child", "g": "host", "h": "file-host",
		"i": "alpha", "j": "alpha", "ansible_group_priority": "10"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestINIReadsWhatAnsibleReads(t *testing.T) {
	inv := mustRead(t, "hosts", `
; a comment
lonely:2222
[web]   # and one behind
node[01:03].example.com ansible_user=admin note="two words" quoted='"a b"'
rack[a:c:2]-[1:2]
[fd00::1]:22 x=1
fd00::2 list="['a','b']" map="{'k': 'v'}" none=None
[web:vars]
text = all of "it", spaces and # too
`)
	order := "lonely node01.example.com node02.example.com node03.example.com racka-1 racka-2 rackc-1 rackc-2 fd00::1 fd00::2"
	if got := strings.Join(inv.order, " "); got != order {
		t.Errorf("hosts %s, want %s", got, order)
	}
	rows := map[string]vars{
		"lonely": {"ansible_port": "2222"},
		"node02.example.com": {"ansible_user": "admin", "note": "two words", "quoted": "a b",
			"text": `all of "it", spaces and # too`},
		"fd00::1": {"ansible_port": "22", "x": "1", "text": `all of "it", spaces and # too`},
		"fd00::2": {"list": []any{"a", "b"}, "map": map[string]any{"k": "v"}, "none": nil, "text": `all of "it", spaces and # too`},
	}
	for host, want := range rows {
		if diff := cmp.Diff(want, inv.of(host)); diff != "" {
			t.Errorf("%s: %s", host, diff)
		}
	}
}

func TestBadInventoriesGetOneErrorWithItsLine(t *testing.T) {
	rows := []struct{ name, file, data, subject, message string }{
		{"no group", "i.ini", "[a:children]\nb\n", "i.ini:2", `there is no group "b"`},
		{"variables of no group", "i.ini", "[a]\nn\n[b:vars]\nx=1\n", "i.ini:3", `there is no group "b"`},
		{"no kind", "i.ini", "[a:things]\n", "i.ini:1", "of no known kind"},
		{"open quote", "i.ini", "[a]\nn x='1\n", "i.ini:2", "not closed"},
		{"no key", "i.ini", "[a]\nn oops\n", "i.ini:2", "want key=value behind the host n"},
		{"open range", "i.ini", "n[1:3\n", "i.ini:1", "range in n[1:3 is not closed"},
		{"backward range", "i.ini", "n[3:1]\n", "i.ini:1", "ends before it begins"},
		{"endless range", "i.ini", "n[1:9999999]\n", "i.ini:1", "more than 10000 hosts"},
		{"endless ranges", "i.ini", "n[1:999]-[1:999]\n", "i.ini:1", "more than 10000 hosts"},
		{"zeros", "i.ini", "n[01:100]\n", "i.ini:1", "as many digits"},
		{"a group in itself", "i.ini", "n\n[a:children]\nb\n[b:children]\na\n", "i.ini", "contains itself: a > b > a"},
		{"no variable", "i.ini", "n\n[all:vars]\nsecret-without-equals\n", "i.ini:3", "want key=value"},
		{"empty", "i.ini", "# nothing\n", "i.ini", "names no host"},
		{"not text", "i.ini", "n\n\x00\n", "i.ini:2", "not text"},
		{"a list", "i.yaml", "- a\n", "i.yaml:1", "want a map under the inventory"},
		{"an unknown part", "i.yaml", "all:\n  host:\n    n:\n", "i.yaml:2", `not "host"`},
		{"twice", "i.yaml", "all:\n  hosts: {a: }\n  hosts: {b: }\n", "i.yaml:3", "stands there twice"},
		{"broken", "i.yaml", "all:\n  hosts: {\n", "i.yaml:", "is not valid YAML"},
		{"documents", "i.yaml", "all: {hosts: {n: }}\n---\nall: {}\n", "i.yaml:", "several documents"},
		{"dynamic", "i.json", `{"_meta": {"hostvars": {}}}`, "i.json:1", "dynamic inventory"},
		{"empty yaml", "i.yaml", "---\n", "i.yaml", "names no host"},
		{"a list of hosts", "i.yaml", "all:\n  hosts: [a, b]\n", "i.yaml:2", "want a map under hosts of the group all"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			_, err := read(t, row.file, row.data)
			var problems cluster.Problems
			if !errors.As(err, &problems) || len(problems) != 1 {
				t.Fatalf("want one problem, got %v", err)
			}
			p := problems[0]
			if !strings.Contains(filepath.Base(p.Subject), row.subject) || !strings.Contains(p.Message, row.message) || p.Hint == "" {
				t.Errorf("%+v, want %s: …%s…", p, row.subject, row.message)
			}
		})
	}
}

// No message repeats what may be a password.
func TestErrorsRepeatNoValues(t *testing.T) {
	for _, data := range []string{"[a]\nn x='hunter2\n", "[a]\nn password=x hunter2\n", "[a:children]\nb pass=hunter2\n", "[a]\nn[ pass=hunter2\n"} {
		if _, err := read(t, "i.ini", data); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", data, err)
		}
	}
}

func TestAliasesOfAliasesAreRefused(t *testing.T) {
	data := "all:\n  hosts: {n: }\n  vars:\n    a: &a [x,x,x,x,x,x,x,x,x,x]\n"
	for c := 'b'; c < 'j'; c++ {
		p := string(c - 1)
		data += "    " + string(c) + ": &" + string(c) + " [" + strings.TrimSuffix(strings.Repeat("*"+p+",", 10), ",") + "]\n"
	}
	if _, err := read(t, "i.yaml", data); err == nil || !strings.Contains(err.Error(), "more than an inventory can hold") {
		t.Error(err)
	}
}

const three = "[kube_control_plane]\nm[1:3]\n[etcd:children]\nkube_control_plane\n"

func TestSpecs(t *testing.T) {
	rows := []struct {
		name  string
		files []string
		check func(*cluster.Spec) bool
		left  string
	}{
		{"kubespray's ranges where none are given", []string{"i.ini", three},
			func(s *cluster.Spec) bool {
				return s.Network.PodCIDR[0] == "10.233.64.0/18" && s.Network.ServiceCIDR[0] == "10.233.0.0/18"
			}, "loadbalancer_apiserver_localhost: hardway puts no proxy on every node"},
		{"dual stack", []string{"i.ini", three, "group_vars/all.yml", "enable_dual_stack_networks: true\nkube_pods_subnet_ipv6: fd00::/48\nkube_service_addresses_ipv6: fd01::/112\n" +
			"ip: 10.0.0.1\nip6: fd02::1\n"},
			func(s *cluster.Spec) bool {
				return cmp.Equal(s.Network.PodCIDR, cluster.OneOrMore{"10.233.64.0/18", "fd00::/48"}) &&
					cmp.Equal(s.Hosts[0].Address, cluster.OneOrMore{"10.0.0.1", "fd02::1"})
			}, ""},
		{"a load balancer among the hosts", []string{"i.ini", three + "[haproxy]\nlb ip=10.0.0.9\n"},
			func(s *cluster.Spec) bool {
				return s.Endpoint.Host == "10.0.0.9" && s.Hosts[3].Has(cluster.RoleLoadBalancer)
			}, ""},
		{"kubeadm's etcd", []string{"i.ini", "[kube_control_plane]\nm1 ip=10.0.0.1\n", "group_vars/k8s_cluster.yml", "etcd_deployment_type: kubeadm\n"},
			func(s *cluster.Spec) bool {
				return s.Hosts[0].Has(cluster.RoleEtcd) && s.Endpoint.Host == "10.0.0.1"
			}, ""},
		{"etcd apart", []string{"i.ini", "[kube_control_plane]\nm1\n[etcd]\ne1\n"},
			func(s *cluster.Spec) bool { return !s.Hosts[0].Has(cluster.RoleEtcd) }, "etcd (e1): stands on hosts of its own"},
		{"a master that works", []string{"i.ini", "[kube_control_plane]\nm1\n[etcd]\nm1\n[kube_node]\nm1\n"},
			func(s *cluster.Spec) bool { return len(s.Hosts) == 1 && len(s.Hosts[0].Roles) == 3 }, ""},
		{"versions without v", []string{"i.ini", three, "group_vars/all.yml", "kube_version: 1.35.1\netcd_version: 3.5.30\n"},
			func(s *cluster.Spec) bool {
				return s.Kubernetes.Version == "v1.35.1" && s.Etcd.Version == "v3.5.30"
			}, ""},
		{"an address as the host's name", []string{"i.ini", "[etcd]\n10.0.0.5\n"},
			func(s *cluster.Spec) bool { return s.Hosts[0].Address[0] == "10.0.0.5" }, ""},
		{"ways in", []string{"i.ini", three, "group_vars/all.yml", "ansible_user: me\nansible_port: 2222\nansible_ssh_private_key_file: '{{ inventory_dir }}/key'\n" +
			`ansible_ssh_common_args: '-o ProxyJump=a@b:22,c -o X=y'` + "\n"},
			func(s *cluster.Spec) bool {
				return s.SSH.User == "me" && s.SSH.Port == 2222 && *s.SSH.Sudo && strings.HasSuffix(s.SSH.IdentityFile, "/key") &&
					cmp.Equal(s.SSH.Jump, cluster.OneOrMore{"a@b:22", "c"}) && s.Hosts[0].SSH.User == ""
			}, ""},
		{"root logs in", []string{"i.ini", three, "group_vars/all.yml", "ansible_user: root\nansible_become: true\n"},
			func(s *cluster.Spec) bool { return s.SSH.User == "root" && !*s.SSH.Sudo }, ""},
		{"an expression", []string{"i.ini", three, "group_vars/all.yml", "kube_pods_subnet: \"{{ lookup('env', 'PODS') }}\"\n"},
			func(s *cluster.Spec) bool { return s.Network.PodCIDR[0] == "10.233.64.0/18" }, "kube_pods_subnet (m1): is an expression"},
		{"a variable that names itself", []string{"i.ini", three, "group_vars/all.yml", "kube_pods_subnet: '{{ kube_pods_subnet }}'\n"},
			func(s *cluster.Spec) bool { return true }, "kube_pods_subnet (m1): is an expression"},
		{"a vault", []string{"i.ini", three, "group_vars/all/vault.yml", "$ANSIBLE_VAULT;1.1;AES256\n61\n"},
			func(s *cluster.Spec) bool { return true }, "vault.yml: is encrypted by ansible-vault, and was not read"},
		{"masters that differ", []string{"i.ini", three, "host_vars/m2.yml", "kube_proxy_mode: ipvs\n"},
			func(s *cluster.Spec) bool { return s.Worker.KubeProxyMode == "nftables" }, "kube_proxy_mode (m2): differs from what m1 has"},
		{"strangers", []string{"i.ini", "other\n" + three},
			func(s *cluster.Spec) bool { return len(s.Hosts) == 3 }, "hosts (other): are in none of the groups"},
		{"addons", []string{"i.ini", three, "group_vars/k8s_cluster/addons.yml", "ingress_nginx_enabled: true\nregistry_enabled: false\n"},
			func(s *cluster.Spec) bool { return true }, "ingress_nginx_enabled: hardway installs no addons"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			spec, left := mustRead(t, row.files...).Spec()
			var lines []string
			for _, l := range left {
				lines = append(lines, l.String())
			}
			said := strings.Join(lines, "\n")
			if !row.check(spec) {
				t.Errorf("%+v\n%s", spec, said)
			}
			if !strings.Contains(said, row.left) {
				t.Errorf("left over:\n%s\nwant %s", said, row.left)
			}
		})
	}
}

// FuzzINI holds that no input makes the reader panic, that whatever it refuses it explains, and that what it takes
// becomes a document that can be read again.
func FuzzINI(f *testing.F) {
	f.Add(three + "[all:vars]\nkube_version=v1.36.3\nloadbalancer_apiserver={'address': '10.0.0.9'}\n")
	f.Add("[a]\nn[1:3]:22 x='y z' \\\n")
	f.Fuzz(func(t *testing.T, data string) {
		fuzz(t, data, func() (*Inventory, error) { return parseINI(data, "hosts.ini") })
	})
}

func FuzzYAML(f *testing.F) {
	f.Add("all: {hosts: {a: {ip: 10.0.0.1}}, children: {etcd: {hosts: {a: }}}, vars: {kube_version: 1.36.3}}")
	f.Add("etcd: &a\n  hosts: {<<: *a}\n")
	f.Fuzz(func(t *testing.T, data string) {
		fuzz(t, data, func() (*Inventory, error) { return parseYAML([]byte(data), "hosts.yaml") })
	})
}

func fuzz(t *testing.T, data string, parse func() (*Inventory, error)) {
	inv, err := parse()
	if err == nil {
		err = inv.complete()
	}
	if err != nil {
		var problems cluster.Problems
		if !errors.As(err, &problems) || len(problems) != 1 || problems[0].Message == "" || problems[0].Hint == "" {
			t.Fatalf("not explained: %v", err)
		}
		return
	}
	spec, _ := inv.Spec()
	document, err := cluster.Document(spec)
	if err != nil {
		t.Fatal(err)
	}
	if back, err := cluster.Parse(document, "cluster.yaml"); err == nil {
		if diff := cmp.Diff(spec.Hosts, back.Hosts); diff != "" {
			t.Error(diff)
		}
	} else if strings.Contains(err.Error(), "YAML") {
		t.Errorf("%v in\n%s", err, document)
	} else if len(spec.Validate()) == 0 {
		t.Errorf("valid, but not as it is read back: %v", err)
	}
}
