//go:build e2e

package test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"hardway/kubeconfig"
	"hardway/manifests"
)

// askingSpec is a small cluster whose kubelets ask for their certificates.
const askingSpec = `apiVersion: hardway/v1alpha1
kind: Cluster
metadata: {name: asking}
spec:
  kubernetes: {version: v1.36.3}
  etcd: {version: v3.6.16}
  endpoint: {host: 172.31.240.11, port: 6443}
  network: {podCIDR: 10.200.0.0/16, serviceCIDR: 10.32.0.0/24}
  binaries: {dir: BIN}
  worker: {bootstrap: token, onMasters: true}
  addons: {monitoring: true, images: {kubeRBACProxy: "lab.local/guard:1"}}
  rollout: {gateTimeout: 90s}
  hosts:
  - {name: kmaster1, address: 172.31.240.11, roles: [etcd, control-plane]}
  - {name: kworker1, address: 172.31.240.21, roles: [worker]}
  - {name: kworker2, address: 172.31.240.22, roles: [worker]}
`

// TestMachinesToken is kubelets that ask for their certificates: how they join, what is refused, what a timer does later,
// and the change to premade certificates and back. metrics-server's certificate is proven on the same machines.
func TestMachinesToken(t *testing.T) {
	m := newMachines(t)
	file := filepath.Join(t.TempDir(), "asking.yaml")
	must(t, os.WriteFile(file, []byte(strings.Replace(askingSpec, "BIN", filepath.Join(m.work, "bin"), 1)), 0o600))
	m.begin("-f", file)
	up := m.exits(0, "up")
	c := &controlPlane{rehearsal: m.rehearsal}
	for _, check := range []struct {
		name  string
		holds func(t *testing.T)
	}{
		{"every node is ready", func(t *testing.T) { nodesAreReady(t, c) }},
		{"API servers verify kubelets", func(t *testing.T) { logsAreRead(t, c) }},
		{"no token is left", func(t *testing.T) { noTokenIsLeft(t, m, c, up) }},
		{"nobody misses their certificates", func(t *testing.T) { nobodyMissesThem(t, c) }},
		{"the second up changes nothing", func(t *testing.T) { secondUpChangesNothing(t, c) }},
		{"a forged request is refused", func(t *testing.T) { forgedIsRefused(t, m, c) }},
		{"a new one is approved by a timer", func(t *testing.T) { newOneIsApproved(t, m, c) }},
		{"metrics-server is verified", func(t *testing.T) { metricsAreVerified(t, m, c) }},
		{"metrics are for those who may read them", func(t *testing.T) { metricsAreGuarded(t, m, c) }},
		{"over to premade certificates, and back", func(t *testing.T) { overAndBack(t, m, c) }},
		{"metrics-server serves what was renewed", func(t *testing.T) { renewedIsServed(t, m, c) }},
	} {
		t.Run(check.name, func(t *testing.T) {
			m.t, c.t = t, t
			check.holds(t)
		})
	}
}

// logsAreRead: an API server reads logs only from a kubelet whose certificate it believes.
func logsAreRead(t *testing.T, c *controlPlane) {
	t.Helper()
	for _, n := range c.spec.Kubelets() {
		eventually(t, 30*time.Second, "the kubelet of "+n.Name+" through an API server", func() bool {
			out, err := c.tryKubectl("admin", "get", "--raw", "/api/v1/nodes/"+n.Name+"/proxy/healthz")
			return err == nil && out == "ok"
		})
	}
	pods := strings.Fields(c.kubectl("admin", "-n", "kube-system", "get", "pods", "-l", "k8s-app=kube-dns", "-o", "name"))
	for _, pod := range pods {
		eventually(t, 30*time.Second, "logs of "+pod, func() bool {
			out, err := c.tryKubectl("admin", "-n", "kube-system", "logs", pod)
			return err == nil && strings.Contains(out, "CoreDNS")
		})
	}
}

var (
	bearer = regexp.MustCompile(`\b[a-z2-7]{6}\.[a-z2-7]{16}\b`)
	given  = regexp.MustCompile(`bootstrap-token-[a-z2-7]{6}\b|(?m:^ *token: )`)
)

// noTokenIsLeft looks where one could be: on the hosts, in the cluster, in the work directory, and in what `up` said.
func noTokenIsLeft(t *testing.T, m *machines, c *controlPlane, up result) {
	if found := bearer.FindString(up.out + up.errors); found != "" || given.MatchString(up.out+up.errors) {
		t.Errorf("up has printed %q", found)
	}
	for _, n := range c.spec.Kubelets() {
		if got := m.ssh(n.Name, "ls "+kubeconfig.BootstrapPath+" 2>/dev/null; grep -rlE '(token|TOKEN): ?[a-z2-7]{6}[.]' /etc/kubernetes /var/lib/hardway /run/hardway /var/lib/kubelet/*.* 2>/dev/null; true"); got != "" {
			t.Errorf("%s: left is %s", n.Name, got)
		}
	}
	if got := c.kubectl("super-admin", "-n", "kube-system", "get", "secrets", "--field-selector=type=bootstrap.kubernetes.io/token", "-o", "name"); strings.TrimSpace(got) != "" {
		t.Errorf("the cluster still takes %s", got)
	}
	must(t, filepath.Walk(c.work, func(path string, info os.FileInfo, err error) error {
		if err != nil || !info.Mode().IsRegular() || info.Size() > 1<<20 {
			return err
		}
		data, err := os.ReadFile(path)
		if given.Match(data) {
			t.Errorf("%s holds a token", path)
		}
		return err
	}))
}

// nobodyMissesThem: what kubelets keep for themselves is no certificate that is missing.
func nobodyMissesThem(t *testing.T, c *controlPlane) {
	list := c.exits(0, "pki", "list").out
	if strings.Contains(list, "system:node:") || !strings.Contains(list, "kube-proxy") {
		t.Errorf("pki list says\n%s", list)
	}
	c.exits(0, "certs", "check", "--within", "24h")
}

// forgedIsRefused has a kubelet ask for another host's address.
func forgedIsRefused(t *testing.T, m *machines, c *controlPlane) {
	asRequested(t, m, c, "forged", net.ParseIP(c.masters()[0].PrimaryAddress()))
	got := c.json(3, "pki", "approve")
	if len(got.Problems) != 1 || got.Problems[0].Subject != "forged" || got.Problems[0].Host != "kworker1" || !strings.Contains(got.Problems[0].Message, c.masters()[0].PrimaryAddress()) {
		t.Errorf("what is refused is %+v", got.Problems)
	}
	if status := c.kubectl("admin", "get", "csr", "forged", "-o", "jsonpath={.status}"); strings.TrimSpace(status) != "{}" && status != "" {
		t.Errorf("it was decided on: %s", status)
	}
	// Neither is it approved along with what a kubelet's own host has done to it.
	if again := c.exits(0, "apply", "worker"); !strings.Contains(again.out, "nothing was done") {
		t.Errorf("apply worker says %s", again.out)
	}
	c.kubectl("admin", "delete", "csr", "forged")
}

// asRequested makes a request with the credentials of kworker1's kubelet, for its name and an address.
func asRequested(t *testing.T, m *machines, c *controlPlane, name string, address net.IP) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{
		Subject:  pkix.Name{CommonName: "system:node:kworker1", Organization: []string{"system:nodes"}},
		DNSNames: []string{"kworker1"}, IPAddresses: []net.IP{address},
	}, key)
	must(t, err)
	request := base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
	c.write("request.yaml", fmt.Sprintf("apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\nmetadata: {name: %s}\nspec:\n"+
		"  signerName: kubernetes.io/kubelet-serving\n  usages: [digital signature, server auth]\n  request: %s\n", name, request))
	pair := filepath.Join(t.TempDir(), "kubelet.pem")
	must(t, os.WriteFile(pair, []byte(m.ssh("kworker1", "cat", kubeconfig.KubeletClientPair)+"\n"), 0o600))
	c.write("kubeconfig/forger.kubeconfig", fmt.Sprintf("apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: %q, certificate-authority: %q}}]\n"+
		"users: [{name: u, user: {client-certificate: %q, client-key: %q}}]\ncontexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\n",
		c.spec.EndpointURL(), filepath.Join(c.work, "pki", "ca-bundle.crt"), pair, pair))
	c.kubectl("forger", "create", "-f", filepath.Join(c.work, "request.yaml"))
	must(t, os.Remove(c.kubeconfig("forger")))
}

// newOneIsApproved has a kubelet ask again, as it does before its certificate ends.
func newOneIsApproved(t *testing.T, m *machines, c *controlPlane) {
	if got := c.exits(0, "pki", "approve"); !strings.Contains(got.out, "no kubelet waits") {
		t.Errorf("with nothing to do it says %s", got.out)
	}
	m.ssh("kworker2", "rm /var/lib/kubelet/pki/kubelet-server-*; systemctl restart kubelet")
	eventually(t, 60*time.Second, "kworker2 asks", func() bool {
		return len(c.json(0, "pki", "approve", "--dry-run").Changes) == 1
	})
	if got := c.json(0, "pki", "approve"); len(got.Changes) != 1 || got.Changes[0].Host != "kworker2" || got.Changes[0].Action != "approve" {
		t.Errorf("it says %+v", got)
	}
	logsAreRead(t, c)
	// What a run that was killed has left is taken off by the next one.
	m.ssh("kworker2", "echo left >"+kubeconfig.BootstrapPath)
	if got := c.json(0, "apply", "worker"); len(got.Changes) != 1 || got.Changes[0].Action != "admit" || m.ssh("kworker2", "ls "+kubeconfig.BootstrapPath+" 2>/dev/null || true") != "" {
		t.Errorf("it was taken off by %+v", got.Changes)
	}
}

// metricsAreVerified: with its authority's bundle metrics-server is believed, with another's not. Its certificate is renewed
// besides.
func metricsAreVerified(t *testing.T, m *machines, c *controlPlane) {
	usageIsKnown(t, c)
	must(t, os.Remove(filepath.Join(c.work, "pki", "metrics-server.crt")))
	c.exits(0, "pki", "addons")
	if got := c.json(0, "apply", "manifests", "--dry-run"); len(got.Changes) != 1 || got.Changes[0].Subject != "secret/metrics-server-serving in kube-system" {
		t.Errorf("it would change %+v", got.Changes)
	}
	c.exits(0, "apply", "manifests")

	available := func() string {
		return c.kubectl("admin", "get", "apiservice", "v1beta1.metrics.k8s.io", "-o", `jsonpath={.status.conditions[?(@.type=="Available")].status}`)
	}
	wrong, err := os.ReadFile(filepath.Join(c.work, "pki", "front-proxy-ca-bundle.crt"))
	must(t, err)
	c.kubectl("admin", "patch", "apiservice", "v1beta1.metrics.k8s.io", "--type=merge", "-p", `{"spec":{"caBundle":"`+base64.StdEncoding.EncodeToString(wrong)+`"}}`)
	eventually(t, 60*time.Second, "nobody believes it", func() bool { return available() == "False" })
	c.exits(0, "apply", "manifests")
	eventually(t, 60*time.Second, "it is believed again", func() bool { return available() == "True" })
}

// renewedIsServed: metrics-server reads a renewed certificate by itself, as soon as its kubelet has brought it.
func renewedIsServed(t *testing.T, m *machines, c *controlPlane) {
	pod := func(field string) string {
		return strings.TrimSpace(c.kubectl("admin", "-n", "kube-system", "get", "pods", "-l", "k8s-app=metrics-server", "-o", "jsonpath={.items[*]."+field+"}"))
	}
	renewed, err := os.ReadFile(filepath.Join(c.work, "pki", "metrics-server.crt"))
	must(t, err)
	eventually(t, 150*time.Second, "the renewed certificate is served", func() bool {
		served := m.ssh("kworker1", "curl -sk --max-time 3 -o /dev/null -w '%{certs}' https://"+pod("status.podIP")+":10250/livez || true")
		return strings.Contains(served, strings.TrimSpace(string(renewed)))
	})
	if again := pod("status.containerStatuses[*].restartCount"); again != "0" {
		t.Errorf("it was started again %s times", again)
	}
}

// metricsAreGuarded scrapes what the values file names as Prometheus would: from another host, verified by the cluster's
// authority, with the token of an account. What stands for kube-rbac-proxy here is test/kubernetes/addons/guard.
func metricsAreGuarded(t *testing.T, m *machines, c *controlPlane) {
	var values manifests.Values
	must(t, json.Unmarshal(c.json(0, "monitoring").Items[0], &values))
	c.kubectl("admin", "create", "serviceaccount", "nobody")
	c.kubectl("admin", "create", "serviceaccount", "reader")
	c.kubectl("admin", "create", "clusterrolebinding", "reader", "--clusterrole=hardway:metrics", "--serviceaccount=default:reader")
	bearer := func(account string) string {
		return "-H 'Authorization: Bearer " + strings.TrimSpace(c.kubectl("admin", "create", "token", account)) + "'"
	}
	asks := map[string]string{"200": bearer("reader"), "403": bearer("nobody"), "401": "-H 'Authorization: Bearer made.up.token'"}
	scrape := func(url, as, what string) string {
		return m.ssh("kworker1", "curl -s --max-time 5 --cacert /etc/kubernetes/pki/ca-bundle.crt "+as+" "+what+" "+url+" || true")
	}
	for metric, component := range map[string]manifests.ChartComponent{
		"etcd_server_has_leader": values.KubeEtcd, "scheduler_": values.KubeScheduler, "node_collector_": values.KubeControllerManager, "kubeproxy_": values.KubeProxy,
	} {
		if len(component.Endpoints) == 0 {
			t.Errorf("nothing of %s is scraped", metric)
		}
		for _, address := range component.Endpoints {
			url := fmt.Sprintf("https://%s:%d/metrics", address, component.Service.Port)
			for status, as := range asks {
				eventually(t, 60*time.Second, status+" from "+url, func() bool { return scrape(url, as, "-o /dev/null -w '%{http_code}'") == status })
			}
			if got := scrape(url, asks["200"], ""); !strings.Contains(got, "\n"+metric) {
				t.Errorf("%s says %.200s", url, got)
			}
			if got := scrape(strings.Replace(url, "/metrics", "/configz", 1), asks["200"], "-o /dev/null -w '%{http_code}'"); got != "404" {
				t.Errorf("beside /metrics %s says %s", url, got)
			}
		}
	}
}

// overAndBack changes the spec of the running cluster, twice.
func overAndBack(t *testing.T, m *machines, c *controlPlane) {
	for _, change := range [][2]string{{"token", "certificates"}, {"certificates", "token"}} {
		m.edit("bootstrap: "+change[0], "bootstrap: "+change[1])
		c.exits(0, "up")
		nodesAreReady(t, c)
		logsAreRead(t, c)
		c.exits(0, "pki", "approve")
		for _, n := range c.spec.Kubelets() {
			if got := m.ssh(n.Name, "ls /etc/kubernetes/pki"); strings.Contains(got, "kubelet.key") != (change[1] == "certificates") {
				t.Errorf("with %s %s holds %s", change[1], n.Name, got)
			}
		}
		secondUpChangesNothing(t, c)
	}
	noTokenIsLeft(t, m, c, result{})
}
