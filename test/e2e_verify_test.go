//go:build e2e

package test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hardway/cluster"
)

// TestControlPlaneIsVerifiedWithoutNodes: a cluster that runs no pods is proven as far as it goes.
func TestControlPlaneIsVerifiedWithoutNodes(t *testing.T) {
	c := withKubernetes(t)
	c.exits(0, "up")
	got := c.json(0, "verify")
	if got.Kind != "VerifyReport" || len(got.Problems) > 0 {
		t.Errorf("verify says %+v", got)
	}
	text := c.exits(0, "verify").out
	for _, check := range []string{"etcd-peer", "etcd-client", "etcd ", "apiserver", "controller-manager", "scheduler", "balancer", "endpoint", "leases", "secret"} {
		if !strings.Contains(text, "  "+check) {
			t.Errorf("there is no row of %s:\n%s", check, text)
		}
	}
	if left := c.kubectl("admin", "get", "secrets", "-A", "-o", "name"); strings.Contains(left, "written-by") {
		t.Errorf("left is %s", left)
	}
	eventually(t, time.Minute, "what was made for the moment is gone", func() bool {
		return !strings.Contains(c.kubectl("admin", "get", "namespaces", "-o", "name"), "hardway-verify")
	})
}

// TestMachinesVerify: a cluster that is well is found so, and each of what is broken on purpose is named, by its cause and
// alone; mended, it is well again.
func TestMachinesVerify(t *testing.T) {
	m := withMachines(t, "6")
	m.exits(0, "up")
	c := &controlPlane{rehearsal: m.rehearsal}
	began := time.Now()
	m.exits(0, "verify")
	t.Logf("a cluster that is well takes %v", time.Since(began).Round(10*time.Millisecond))
	for _, s := range []struct {
		name string
		do   func(t *testing.T)
	}{
		{"what a killed run has left goes with the next", func(t *testing.T) { leftoversGo(t, m, c) }},
		{"an API server's certificate without its address", func(t *testing.T) { wrongNameIsNamed(t, m) }},
		{"a kubelet's certificate that has expired", func(t *testing.T) { expiryIsNamed(t, m) }},
		{"a firewall between two masters", func(t *testing.T) { firewallIsNamed(t, m) }},
		{"a host of another name", func(t *testing.T) { hostnameIsNamed(t, m) }},
		{"no route between pods", func(t *testing.T) { routeIsNamed(t, m) }},
		{"etcd has no space", func(t *testing.T) { fullEtcdIsNamed(t, m) }},
	} {
		t.Run(s.name, func(t *testing.T) {
			m.t, c.t = t, t
			s.do(t)
		})
		m.t, c.t = t, t
	}
}

// names wants verify to find this of one host, or of any where none is given, and nothing else.
func (m *machines) names(host, check string, words ...string) {
	m.t.Helper()
	got := m.json(3, "verify")
	for _, p := range got.Problems {
		if host != "" && p.Host != host || p.Subject != check || p.Hint == "" {
			m.t.Errorf("of another cause, or without a remedy: %+v", p)
			continue
		}
		for _, w := range words {
			if !strings.Contains(p.Message, w) {
				m.t.Errorf("it does not say %q: %+v", w, p)
			}
		}
	}
	if len(got.Problems) == 0 {
		m.t.Errorf("nothing is named of %s on %s: %+v", check, host, got)
	}
}

// mended waits until verify finds nothing any more.
func (m *machines) mended() {
	m.t.Helper()
	eventually(m.t, time.Minute, "all is well again", func() bool { return m.hardway("verify").code == 0 })
}

// put writes a file on a machine by hand.
func (m *machines) put(host, path string, data []byte) {
	m.t.Helper()
	m.ssh(host, "echo "+base64.StdEncoding.EncodeToString(data)+" | base64 -d >"+path+".by-hand && mv "+path+".by-hand "+path)
}

// deliver signs a pair with the cluster's authority, as it should not be, and puts it on a machine by hand.
func (m *machines) deliver(host, base string, edit func(*x509.Certificate)) {
	m.t.Helper()
	authority, err := tls.LoadX509KeyPair(filepath.Join(m.work, "pki/ca.crt"), filepath.Join(m.work, "pki/ca.key"))
	must(m.t, err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(m.t, err)
	node := net.ParseIP(m.node(host).PrimaryAddress())
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: "by hand"}, NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(48 * time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, DNSNames: []string{host, "localhost"}, IPAddresses: []net.IP{node, net.IPv4(127, 0, 0, 1)},
	}
	edit(template)
	raw, err := x509.CreateCertificate(rand.Reader, template, authority.Leaf, key.Public(), authority.PrivateKey)
	must(m.t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	must(m.t, err)
	m.put(host, base+".key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
	m.put(host, base+".crt", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}))
}

func (m *machines) node(name string) cluster.Node {
	m.t.Helper()
	n, ok := m.spec.Node(name)
	if !ok {
		m.t.Fatalf("there is no host %s", name)
	}
	return n
}

func wrongNameIsNamed(t *testing.T, m *machines) {
	m.deliver("kmaster2", "/etc/kubernetes/pki/apiserver", func(c *x509.Certificate) { c.IPAddresses = c.IPAddresses[1:] })
	m.ssh("kmaster2", "systemctl restart kube-apiserver")
	address := m.node("kmaster2").PrimaryAddress()
	eventually(t, time.Minute, "it is served", func() bool {
		_, err := (&controlPlane{rehearsal: m.rehearsal}).readyz(address)
		return err != nil && strings.Contains(err.Error(), address)
	})
	m.names("kmaster2", "apiserver", "not valid for "+address, "localhost")
	m.exits(0, "apply", "controlplane", "--only", "kmaster2")
	m.mended()
}

func expiryIsNamed(t *testing.T, m *machines) {
	m.deliver("kworker1", "/etc/kubernetes/pki/kubelet-serving", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-24 * time.Hour) })
	m.ssh("kworker1", "systemctl restart kubelet")
	eventually(t, time.Minute, "the kubelet is back", func() bool {
		return m.ssh("kworker1", "curl -s http://127.0.0.1:10248/healthz || true") == "ok"
	})
	m.names("kworker1", "kubelet", "that expired on "+time.Now().Add(-24*time.Hour).UTC().Format(time.DateOnly))
	m.exits(0, "apply", "worker", "--only", "kworker1")
	m.mended()
}

func firewallIsNamed(_ *testing.T, m *machines) {
	from, to := m.node("kmaster1").PrimaryAddress(), m.node("kmaster2").PrimaryAddress()
	m.ssh("kmaster2", "nft add table inet broken && nft 'add chain inet broken input { type filter hook input priority 0; }' && "+
		"nft add rule inet broken input ip saddr "+from+" tcp dport 2380 drop")
	m.names("kmaster2", "etcd-peer", "kmaster1 cannot reach it at "+to+":2380: no answer", "kmaster3 can")
	m.ssh("kmaster2", "nft delete table inet broken")
	m.mended()
}

func hostnameIsNamed(t *testing.T, m *machines) {
	m.ssh("kworker2", "hostname other && systemctl restart kubelet")
	m.names("kworker2", "hostname", `is "other"`)
	doc := m.json(3, "preflight", "--only", "kworker2")
	if len(doc.Problems) == 0 || doc.Problems[0].Subject != "hostname" {
		t.Errorf("preflight says %+v", doc.Problems)
	}
	m.ssh("kworker2", "hostname kworker2 && systemctl restart kubelet")
	m.mended()
}

func routeIsNamed(_ *testing.T, m *machines) {
	to := m.spec.PodCIDRs(m.node("kworker2"))[0]
	route := m.ssh("kworker1", "ip route show "+to)
	m.ssh("kworker1", "systemctl stop hardway-pod-routes.service; ip route del "+to+" || true; ip route add blackhole "+to)
	// Neither gets through: answers take that route, too.
	m.names("", "pod-to-pod", "gets no answer from one on kworker")
	m.ssh("kworker1", "ip route del blackhole "+to+"; ip route replace "+route+"; systemctl start hardway-pod-routes.service")
	m.mended()
}

// fullEtcdIsNamed has one member come to the end of what it may keep: it raises the alarm, and no member takes writes.
func fullEtcdIsNamed(t *testing.T, m *machines) {
	const unit = "/etc/systemd/system/etcd.service"
	m.ssh("kmaster3", "cp "+unit+" /root/etcd.service && sed -i 's/--quota-backend-bytes=[0-9]*/--quota-backend-bytes=1048576/' "+unit+
		" && systemctl daemon-reload && systemctl restart etcd")
	eventually(t, time.Minute, "the alarm is raised", func() bool { return strings.Contains(m.hardway("etcd", "alarm", "list").out, "NOSPACE") })
	m.names("kmaster3", "etcd", "alarm NOSPACE is raised")
	m.ssh("kmaster3", "mv /root/etcd.service "+unit+" && systemctl daemon-reload && systemctl restart etcd")
	eventually(t, time.Minute, "the alarm is taken off", func() bool { return m.hardway("etcd", "alarm", "disarm").code == 0 })
	m.mended()
}

// leftoversGo kills a run while its pods stand.
func leftoversGo(t *testing.T, m *machines, c *controlPlane) {
	stands := func() bool {
		return strings.Contains(c.kubectl("super-admin", "get", "namespaces", "--field-selector=status.phase=Active", "-o", "name"), "hardway-verify")
	}
	run := exec.Command(hardwayBinary, "verify", "--dir", m.work)
	must(t, run.Start())
	eventually(t, time.Minute, "its namespace stands", stands)
	must(t, run.Process.Kill())
	_ = run.Wait()
	if !stands() {
		t.Fatal("the killed run has left nothing to take off")
	}
	m.exits(0, "verify")
	eventually(t, time.Minute, "nothing is left", func() bool {
		return !strings.Contains(c.kubectl("super-admin", "get", "namespaces,secrets", "-A", "-l", "hardway.io/verify", "-o", "name"), "hardway-verify")
	})
}
