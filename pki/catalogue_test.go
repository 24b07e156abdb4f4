package pki

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hardway/cluster"
)

// row is what of a request shows in the certificate, besides its names.
func row(r Request) string {
	return fmt.Sprintf("%s: CN=%s O=%s %s %s", r.ID(), r.CN, r.O, r.Usage.OpenSSL(), r.Authority)
}

func TestCatalogueOfOneMasterAndOneWorker(t *testing.T) {
	spec := systemv()
	spec.Hosts = []cluster.Node{spec.Hosts[0], spec.Hosts[4]}
	var have []string
	for _, r := range Catalogue(spec) {
		have = append(have, row(r))
	}
	want := []string{
		"super-admin: CN=kubernetes-super-admin O=system:masters clientAuth kubernetes",
		"admin: CN=kubernetes-admin O=hardway:cluster-admins clientAuth kubernetes",
		"etcd-admin: CN=etcd-admin O= clientAuth etcd",
		"metrics-server: CN=metrics-server O= serverAuth kubernetes",
		"kmaster1/etcd-server: CN=kmaster1 O= serverAuth,clientAuth etcd",
		"kmaster1/etcd-peer: CN=kmaster1 O= serverAuth,clientAuth etcd",
		"kmaster1/apiserver: CN=kube-apiserver O= serverAuth kubernetes",
		"kmaster1/apiserver-kubelet-client: CN=kube-apiserver-kubelet-client O= clientAuth kubernetes",
		"kmaster1/apiserver-etcd-client: CN=kube-apiserver-etcd-client O= clientAuth etcd",
		"kmaster1/front-proxy-client: CN=front-proxy-client O= clientAuth front-proxy",
		"kmaster1/controller-manager: CN=system:kube-controller-manager O= clientAuth kubernetes",
		"kmaster1/controller-manager-serving: CN=kube-controller-manager O= serverAuth kubernetes",
		"kmaster1/scheduler: CN=system:kube-scheduler O= clientAuth kubernetes",
		"kmaster1/scheduler-serving: CN=kube-scheduler O= serverAuth kubernetes",
		"kworker1/kubelet: CN=system:node:kworker1 O=system:nodes clientAuth kubernetes",
		"kworker1/kubelet-serving: CN=system:node:kworker1 O=system:nodes serverAuth kubernetes",
		"kworker1/kube-proxy: CN=system:kube-proxy O=system:node-proxier clientAuth kubernetes",
	}
	if diff := cmp.Diff(want, have); diff != "" {
		t.Errorf("the catalogue differs (-want +have):\n%s", diff)
	}
}

func TestNamesOfServingCertificates(t *testing.T) {
	apiserver := []string{
		"kmaster1", "kmaster1.systemv.local", "kmaster2", "kmaster3", "haproxy", "haproxy.systemv.local", "api.example.com",
		"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "localhost",
		"192.168.96.46", "fd00:96::46", "192.168.96.47", "192.168.96.48", "192.168.96.7", "192.168.96.5", "203.0.113.9",
		"10.32.0.1", "fd00:32::1", "127.0.0.1", "::1",
	}
	etcd := []string{"kmaster1", "kmaster1.systemv.local", "localhost", "192.168.96.46", "fd00:96::46", "127.0.0.1", "::1"}
	loopback := []string{"localhost", "127.0.0.1", "::1"}
	want := map[string][]string{
		"kmaster1/apiserver": apiserver, "kmaster2/apiserver": apiserver, "kmaster3/apiserver": apiserver,
		"kmaster1/etcd-server": etcd, "kmaster1/etcd-peer": etcd,
		"kmaster2/controller-manager-serving": loopback, "kmaster2/scheduler-serving": loopback,
		"metrics-server":           {"metrics-server", "metrics-server.kube-system", "metrics-server.kube-system.svc", "metrics-server.kube-system.svc.cluster.local"},
		"kworker1/kubelet-serving": {"kworker1", "192.168.96.49"},
		"kworker1/kubelet":         {}, "admin": {}, "kmaster1/front-proxy-client": {},
	}
	for _, r := range Catalogue(systemv()) {
		if names, ok := want[r.ID()]; ok {
			if diff := cmp.Diff(names, r.SANs()); diff != "" {
				t.Errorf("names of %s (-want +have):\n%s", r.ID(), diff)
			}
			delete(want, r.ID())
		}
	}
	if len(want) > 0 {
		t.Errorf("not in the catalogue: %v", want)
	}
}

func TestNamesAreListedOnceHoweverSpelled(t *testing.T) {
	var n names
	n.add("Kmaster1", "kmaster1", "", "::1", "0:0:0:0:0:0:0:1", "127.0.0.1", "::ffff:127.0.0.1")
	have := Request{DNSNames: n.dns, IPs: n.ips}.SANs()
	if diff := cmp.Diff([]string{"kmaster1", "::1", "127.0.0.1"}, have); diff != "" {
		t.Errorf("names (-want +have):\n%s", diff)
	}
}

func TestMastersThatRunKubeletsHaveTheirCertificates(t *testing.T) {
	spec := systemv()
	spec.Worker.OnMasters = true
	var have []string
	for _, r := range Catalogue(spec) {
		if r.Node == "kmaster2" && r.Holders[0].Component == "worker" {
			have = append(have, r.Name)
		}
	}
	if diff := cmp.Diff([]string{"kubelet", "kubelet-serving", "kube-proxy"}, have); diff != "" {
		t.Errorf("of kmaster2's kubelet (-want +have):\n%s", diff)
	}
}

// TestNoPrivateKeyOnTwoHosts holds over everything that is delivered: only what Kubernetes shares is on several hosts.
func TestNoPrivateKeyOnTwoHosts(t *testing.T) {
	s := issued3(t)
	holders := map[string][]string{}
	for _, node := range s.spec.Hosts {
		for _, component := range []string{"etcd", "controlplane", "haproxy", "worker"} {
			files, err := s.Files(node, component)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range files {
				if f.Secret {
					holders[f.Source] = append(holders[f.Source], node.Name)
				}
			}
		}
	}
	masters := []string{"kmaster1", "kmaster2", "kmaster3"}
	shared := map[string][]string{"pki/sa.key": masters, "pki/ca.key": masters}
	for source, nodes := range holders {
		if want, ok := shared[source]; ok {
			if !slices.Equal(nodes, want) {
				t.Errorf("%s is on %v, want %v", source, nodes, want)
			}
			continue
		}
		if want := strings.Split(source, "/")[1]; len(nodes) != 1 || nodes[0] != want {
			t.Errorf("%s is on %v, want it on %s alone", source, nodes, want)
		}
	}
	for _, off := range []string{"pki/super-admin.key", "pki/admin.key", "pki/etcd-admin.key", "pki/etcd-ca.key", "pki/front-proxy-ca.key"} {
		if nodes := holders[off]; nodes != nil {
			t.Errorf("%s is on %v, want it on no host", off, nodes)
		}
	}
	if len(holders) != 2+3*10+3*3 {
		t.Errorf("%d secrets are delivered, want the shared two, ten of each master, three of each worker", len(holders))
	}
}

func TestEveryLeafBelongsToAGroupThatExists(t *testing.T) {
	var groups []string
	for _, g := range Groups() {
		groups = append(groups, g.Name)
	}
	want := []string{"ca", "admin", "kubelet", "apiserver", "controller-manager", "scheduler", "kube-proxy", "service-account", "etcd", "front-proxy", "addons", "all"}
	if diff := cmp.Diff(want, groups); diff != "" {
		t.Errorf("groups (-want +have):\n%s", diff)
	}
	for _, r := range Catalogue(systemv()) {
		if !slices.Contains(groups, r.Group) {
			t.Errorf("%s belongs to %q, which is no subcommand", r.ID(), r.Group)
		}
	}
}
