package check_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"hardway/check"
	"hardway/cluster"
	"hardway/pki"
	"hardway/remote"
	"hardway/test/sample"
)

// wire is the sample's network: who listens at which address, what stands on which host, and which dials get through. The
// addresses are names for servers on this machine.
type wire struct {
	t     *testing.T
	spec  *cluster.Spec
	store *pki.Store
	// listeners is where the server of an address really is; files what stands on hosts, as host:path.
	listeners map[string]string
	files     map[string][]byte
	// blocked is dials that get no answer, as from>address; down is hosts that cannot be reached.
	blocked map[string]bool
	down    map[string]bool
}

// masters is every API server of the sample, well.
func apiServers(t *testing.T) *wire {
	t.Helper()
	spec := sample.Spec(t)
	w := &wire{t: t, spec: spec, store: sample.PKI(t, spec), listeners: map[string]string{}, files: map[string][]byte{}, blocked: map[string]bool{}, down: map[string]bool{}}
	for _, n := range spec.With(cluster.RoleControlPlane) {
		pair, err := tls.LoadX509KeyPair(w.file(pki.CertFile(n.Name, "apiserver")), w.file(pki.KeyFile(n.Name, "apiserver")))
		if err != nil {
			t.Fatal(err)
		}
		w.serve(n.Name, pair, func(answer http.ResponseWriter, _ *http.Request) {})
	}
	return w
}

func (w *wire) file(name string) string { return w.store.WorkDir().Path(name) }

// serve has a master's API server show this pair and answer so.
func (w *wire) serve(host string, pair tls.Certificate, answer http.HandlerFunc) {
	w.t.Helper()
	server := httptest.NewUnstartedServer(answer)
	server.Config.ErrorLog = log.New(discard{}, "", 0)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	w.t.Cleanup(server.Close)
	w.listeners[net.JoinHostPort(sample.Node(w.t, w.spec, host).PrimaryAddress(), "6443")] = server.Listener.Addr().String()
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// seat is a host from which is dialled.
type seat struct {
	remote.Looker
	*wire
	name string
}

func (s seat) Dial(ctx context.Context, _, address string) (net.Conn, error) {
	to, listens := s.listeners[address]
	switch {
	case s.blocked[s.name+">"+address]:
		<-ctx.Done()
		return nil, ctx.Err()
	case !listens:
		return nil, errors.New("connection refused")
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", to)
}

func (s seat) ReadFile(_ context.Context, path string) ([]byte, error) {
	if data, there := s.files[s.name+":"+path]; there {
		return data, nil
	}
	return nil, fs.ErrNotExist
}

// found is what is said about API servers that are not well, and whether anything was said to be well.
func (w *wire) found() (bad []check.Row, all []check.Row) {
	live := &check.Live{
		Spec: w.spec, Store: w.store, Now: time.Now, Dial: func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("no way") },
		Without: []string{"etcd", "haproxy", "worker", check.InCluster},
	}
	for _, n := range w.spec.Hosts {
		target := check.Target{Node: n, Conn: seat{wire: w, name: n.Name}}
		if w.down[n.Name] {
			target.Conn, target.Trouble = nil, &remote.HostError{Host: n.Name, Message: "does not answer", Hint: "is it on?"}
		}
		live.Targets = append(live.Targets, target)
	}
	v := live.Verify()
	v.Look(w.t.Context())
	for _, r := range v.Rows() {
		if r.Check != "apiserver" && r.Check != "ssh" {
			continue
		}
		if all = append(all, r); r.State != check.OK {
			bad = append(bad, r)
		}
	}
	return bad, all
}

// signed is a pair that an authority of a work directory signs for a server.
func signed(t *testing.T, store *pki.Store, edit func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	authority, err := tls.LoadX509KeyPair(store.WorkDir().Path("pki/ca.crt"), store.WorkDir().Path("pki/ca.key"))
	if err != nil {
		t.Fatal(err)
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(0xbad), Subject: pkix.Name{CommonName: "kube-apiserver"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, IPAddresses: []net.IP{net.ParseIP("192.168.96.46")},
	}
	edit(template)
	raw, err := x509.CreateCertificate(rand.Reader, template, authority.Leaf, key.Public(), authority.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key}
}

func well(answer http.ResponseWriter, _ *http.Request) {}

func TestAnAPIServerThatIsWellIsSeenByEveryClient(t *testing.T) {
	bad, all := apiServers(t).found()
	if len(bad) > 0 {
		t.Errorf("found %+v", bad)
	}
	for _, client := range []string{"kmaster2", "haproxy1", "haproxy2", "kworker1", "kworker2"} {
		if !strings.Contains(fmt.Sprint(all), "valid until") || !strings.Contains(fmt.Sprint(all), client) {
			t.Errorf("%s did not look: %+v", client, all)
		}
	}
}

// TestWhatIsWrongWithACertificateIsSaidOnce: one row, about the server's host, with the cause and the command.
func TestWhatIsWrongWithACertificateIsSaidOnce(t *testing.T) {
	other := sample.PKI(t, sample.Spec(t))
	for name, c := range map[string]struct {
		from func(w *wire) *pki.Store
		edit func(*x509.Certificate)
		disk string // what stands on the host: the certificate of the work directory, or none
		says []string
		try  string
	}{
		"expired": {
			edit: func(c *x509.Certificate) {
				c.NotBefore, c.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour)
			},
			says: []string{"that expired on " + time.Now().Add(-24*time.Hour).UTC().Format("2006-01-02"), "serial bad"}, try: "hardway apply controlplane",
		},
		"not valid yet": {
			edit: func(c *x509.Certificate) {
				c.NotBefore, c.NotAfter = time.Now().Add(24*time.Hour), time.Now().Add(48*time.Hour)
			},
			says: []string{"not valid before"}, try: "hardway apply controlplane",
		},
		"a missing address": {
			edit: func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.ParseIP("10.32.0.1")} },
			says: []string{"not valid for 192.168.96.46, only for 10.32.0.1"}, try: "hardway apply controlplane",
		},
		"another authority": {
			from: func(*wire) *pki.Store { return other }, edit: func(*x509.Certificate) {},
			says: []string{"does not verify", `"CN=kubernetes"`}, try: "hardway apply controlplane",
		},
		"for clients": {
			edit: func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} },
			says: []string{"does not verify", "usage"}, try: "hardway apply controlplane",
		},
		"another than was issued": {edit: func(*x509.Certificate) {}, says: []string{"serial bad", "was not delivered"}, try: "hardway apply controlplane"},
		"renewed and not reloaded": {
			edit: func(*x509.Certificate) {}, disk: pki.CertFile("kmaster1", "apiserver"),
			says: []string{"serial bad", "renewed and not reloaded"}, try: "systemctl restart kube-apiserver.service",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := apiServers(t)
			from := w.store
			if c.from != nil {
				from = c.from(w)
			}
			if c.disk != "" {
				data, err := os.ReadFile(w.file(c.disk))
				if err != nil {
					t.Fatal(err)
				}
				w.files["kmaster1:/etc/kubernetes/pki/apiserver.crt"] = data
			}
			w.serve("kmaster1", signed(t, from, c.edit), well)
			bad, _ := w.found()
			if len(bad) != 1 || bad[0].Host != "kmaster1" || bad[0].State != check.Failed || !strings.Contains(bad[0].Try, c.try) {
				t.Fatalf("found %+v", bad)
			}
			for _, words := range c.says {
				if !strings.Contains(bad[0].Seen, words) {
					t.Errorf("it does not say %q: %s", words, bad[0].Seen)
				}
			}
		})
	}
}

// TestTheIssuedCertificateMayItselfBeWrong: then nothing that is delivered helps.
func TestTheIssuedCertificateMayItselfBeWrong(t *testing.T) {
	w := apiServers(t)
	pair := signed(t, w.store, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})
	if err := os.WriteFile(w.file(pki.CertFile("kmaster1", "apiserver")), block, 0o600); err != nil {
		t.Fatal(err)
	}
	w.serve("kmaster1", pair, well)
	bad, _ := w.found()
	if len(bad) != 1 || !strings.Contains(bad[0].Seen, "expired") || !strings.Contains(bad[0].Try, "hardway pki apiserver && hardway render controlplane && hardway apply controlplane") {
		t.Errorf("found %+v", bad)
	}
}

func TestAWayThatIsClosedIsToldFromAServerThatIsDown(t *testing.T) {
	w := apiServers(t)
	const address = "192.168.96.46:6443"
	w.blocked["kworker1>"+address] = true
	bad, _ := w.found()
	if len(bad) != 1 || bad[0].Host != "kmaster1" || !strings.Contains(bad[0].Seen, "kworker1 cannot reach it at "+address+": no answer") || !strings.Contains(bad[0].Try, "firewall") {
		t.Errorf("found %+v", bad)
	}
	delete(w.blocked, "kworker1>"+address)
	delete(w.listeners, address)
	bad, _ = w.found()
	if len(bad) != 1 || !strings.Contains(bad[0].Seen, "does not answer at "+address) || !strings.Contains(bad[0].Try, "journalctl -u kube-apiserver.service") {
		t.Errorf("found %+v", bad)
	}
}

// TestAHostThatCannotBeReachedIsTheOnlyFinding: that its servers are silent comes of it.
func TestAHostThatCannotBeReachedIsTheOnlyFinding(t *testing.T) {
	w := apiServers(t)
	w.down["kmaster1"] = true
	delete(w.listeners, "192.168.96.46:6443")
	bad, _ := w.found()
	if len(bad) != 2 || bad[0].Check != "ssh" || bad[0].State != check.Failed || bad[1].State != check.Unknown || bad[1].Host != "kmaster1" {
		t.Errorf("found %+v", bad)
	}
}

func TestAnAPIServerSaysWhatItLacks(t *testing.T) {
	w := apiServers(t)
	pair, err := tls.LoadX509KeyPair(w.file(pki.CertFile("kmaster1", "apiserver")), w.file(pki.KeyFile("kmaster1", "apiserver")))
	if err != nil {
		t.Fatal(err)
	}
	w.serve("kmaster1", pair, func(answer http.ResponseWriter, _ *http.Request) {
		answer.WriteHeader(http.StatusInternalServerError)
		_, _ = answer.Write([]byte("[+]ping ok\n[-]poststarthook/rbac failed: reason withheld\n"))
	})
	bad, _ := w.found()
	if len(bad) != 1 || !strings.Contains(bad[0].Seen, "/readyz says 500, failing: poststarthook/rbac") {
		t.Errorf("found %+v", bad)
	}
}
