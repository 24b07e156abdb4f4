package pki

import (
	"crypto/x509"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hardway/cluster"
)

// elsewhere is a store whose etcd authority signs elsewhere: its certificate is here, its key is not.
func elsewhere(t *testing.T) (*Store, *otherCA) {
	t.Helper()
	s := open(t, systemv())
	ca := newCA(t, "Etcd CA of the company", newCA(t, "Corp Root", nil, nil), nil)
	put(t, s, "pki/etcd-ca.crt", encodeCertificates(ca.chain()...))
	return s, ca
}

// signAll signs every request that stands in the work directory into a directory of its own.
func signAll(t *testing.T, s *Store, ca *otherCA, change func(*x509.Certificate)) string {
	t.Helper()
	out := t.TempDir()
	for _, r := range Catalogue(s.spec) {
		if r.Authority != Etcd {
			continue
		}
		cert := ca.sign(t, readFileOf(t, s, RequestFile(r.Node, r.Name)), change)
		name := filepath.Join(out, strings.ReplaceAll(r.ID(), "/", "-")+".crt")
		if err := os.WriteFile(name, encodeCertificates(cert), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func importAll(t *testing.T, s *Store, paths ...string) []Decision {
	t.Helper()
	decisions, err := s.Import(noon, paths...)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(t.Context(), decisions); err != nil {
		t.Fatal(err)
	}
	return decisions
}

func TestAuthorityElsewhereFromRequestToCertificate(t *testing.T) {
	s, ca := elsewhere(t)
	asked := map[Action]int{}
	for _, d := range apply(t, s, noon, Options{CSROnly: true}, "etcd") {
		asked[d.Action]++
		if d.Action == Ask && !strings.HasSuffix(d.File, ".csr") {
			t.Errorf("asked by %s", d.File)
		}
	}
	if asked[Ask] != 10 || asked[Issue] != 0 {
		t.Errorf("%v, want ten requests for etcd, and nothing issued", asked)
	}
	for file := range digests(t, s) {
		if strings.HasPrefix(file, "pki/ca.") || strings.HasSuffix(file, "etcd-server.crt") {
			t.Errorf("%s was made", file)
		}
	}
	importAll(t, s, signAll(t, s, ca, nil))
	for _, r := range Catalogue(s.spec) {
		if r.Authority != Etcd {
			continue
		}
		bundle, leaf := s.work.Path("pki/etcd-ca-bundle.crt"), s.work.Path(r.CertFile())
		openssl(t, "verify", "-attime", "1772625600", "-purpose", "sslclient", "-CAfile", bundle, "-untrusted", leaf, leaf)
		if certs, _, err := s.leafPair(r); err != nil || len(certs) != 2 {
			t.Errorf("%s: %v with %d certificates, want leaf and intermediate", r.ID(), err, len(certs))
		}
	}
	// From now on a run without the flag knows that the key is elsewhere on purpose.
	for _, d := range issueAll(t, s, noon, "etcd") {
		if d.Changes() {
			t.Errorf("%s %s: %s", d.Action, d.File, d.Reason)
		}
	}
}

func TestRequestsCarryWhatTheCatalogueSays(t *testing.T) {
	s, _ := elsewhere(t)
	apply(t, s, noon, Options{CSROnly: true}, "etcd")
	text := openssl(t, "req", "-in", s.work.Path("pki/kmaster1/etcd-peer.csr"), "-noout", "-text", "-verify")
	for _, want := range []string{"Subject: CN = kmaster1", "DNS:kmaster1.systemv.local", "IP Address:192.168.96.46", "Digital Signature",
		"TLS Web Server Authentication, TLS Web Client Authentication"} {
		if !strings.Contains(text, want) {
			t.Errorf("the request lacks %s:\n%s", want, text)
		}
	}
}

func TestRequestsThatWaitAreKept(t *testing.T) {
	s, _ := elsewhere(t)
	apply(t, s, noon, Options{CSROnly: true}, "etcd")
	before := digests(t, s)
	for _, d := range apply(t, s, noon, Options{CSROnly: true}, "etcd") {
		if d.Changes() {
			t.Errorf("%s %s: %s", d.Action, d.File, d.Reason)
		}
	}
	if after := digests(t, s); !equal(before, after) {
		t.Error("the second run changed files")
	}
	s.spec.Hosts[0].Aliases = []string{"etcd1.systemv.local"}
	s = Open(s.work, s.spec)
	want := []string{"request pki/kmaster1/etcd-server.csr", "request pki/kmaster1/etcd-peer.csr"}
	if diff := cmp.Diff(want, changes(apply(t, s, noon, Options{CSROnly: true}, "etcd"))); diff != "" {
		t.Errorf("after a name has changed (-want +have):\n%s", diff)
	}
}

func TestWithoutTheFlagARequestIsNotWritten(t *testing.T) {
	s, _ := elsewhere(t)
	apply(t, s, noon, Options{CSROnly: true}, "etcd")
	_, err := s.Plan(noon, "etcd")
	var problems cluster.Problems
	if !errors.As(err, &problems) || len(problems) != 10 || !strings.Contains(problems[0].Hint, "pki import") {
		t.Errorf("got %v, want a problem for each of the ten that wait", err)
	}
}

func TestImportRefusesWhatDoesNotFit(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*x509.Certificate)
		other  bool
		says   string
	}{
		"another CA":     {other: true, says: "another CA"},
		"name left out":  {change: func(c *x509.Certificate) { c.DNSNames = nil }, says: "names differ"},
		"other subject":  {change: func(c *x509.Certificate) { c.Subject.CommonName = "www" }, says: "subject is CN=www"},
		"usages dropped": {change: func(c *x509.Certificate) { c.ExtraExtensions = nil }, says: "usages differ"},
		"expired": {change: func(c *x509.Certificate) { c.NotBefore, c.NotAfter = noon.Add(-year), noon.Add(-1) },
			says: "expired"},
		"outlives the authority": {change: func(c *x509.Certificate) { c.NotAfter = noon.Add(9 * year) }, says: "outlives"},
	} {
		t.Run(name, func(t *testing.T) {
			s, ca := elsewhere(t)
			apply(t, s, noon, Options{CSROnly: true}, "etcd")
			if c.other {
				ca = newCA(t, "Etcd CA of the company", nil, nil)
			}
			before := digests(t, s)
			decisions, err := s.Import(noon, signAll(t, s, ca, c.change))
			var problems cluster.Problems
			if !errors.As(err, &problems) || !strings.Contains(problems[0].Message, c.says) || decisions != nil {
				t.Errorf("got %v, want a problem that says %q", err, c.says)
			}
			if after := digests(t, s); !equal(before, after) {
				t.Error("files changed")
			}
		})
	}
}

func TestImportNamesPathsThatBringNothing(t *testing.T) {
	s, ca := elsewhere(t)
	apply(t, s, noon, Options{CSROnly: true}, "etcd")
	dir := t.TempDir()
	stranger := filepath.Join(dir, "stranger.pem")
	key, err := newKey(s.spec.PKI.Key)
	if err != nil {
		t.Fatal(err)
	}
	leaf := signTemplate(t, &x509.Certificate{SerialNumber: ca.cert.SerialNumber, NotAfter: noon.Add(year)}, ca.cert, key.Public(), ca.key)
	rubbish := filepath.Join(dir, "rubbish.crt")
	for file, data := range map[string][]byte{stranger: encodeCertificates(leaf), rubbish: []byte("no")} {
		if err := os.WriteFile(file, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for path, says := range map[string]string{
		stranger:                     "no private key here",
		rubbish:                      "no PEM",
		filepath.Join(dir, "absent"): "no such file",
		t.TempDir():                  "no signed certificate",
	} {
		_, err := s.Import(noon, path)
		var problems cluster.Problems
		if !errors.As(err, &problems) || problems[0].Subject != path || !strings.Contains(problems[0].Message, says) {
			t.Errorf("import %s: %v, want a problem that says %q", path, err, says)
		}
	}
}

func TestImportTakesDERAndChainsAndIsRepeatable(t *testing.T) {
	s, ca := elsewhere(t)
	apply(t, s, noon, Options{CSROnly: true}, "etcd")
	cert := ca.sign(t, readFileOf(t, s, "pki/etcd-admin.csr"), nil)
	dir := t.TempDir()
	der, chained := filepath.Join(dir, "answer.cer"), filepath.Join(dir, "chained")
	if err := errors.Join(os.WriteFile(der, cert.Raw, 0o644), os.WriteFile(chained, encodeCertificates(append([]*x509.Certificate{cert}, ca.chain()...)...), 0o644)); err != nil {
		t.Fatal(err)
	}
	want := []string{"write pki/etcd-ca-bundle.crt", "write pki/etcd-admin.crt"}
	apart := changes(importAll(t, s, der, chained))
	if len(apart) != 1 || apart[0] != want[1] {
		t.Errorf("the same certificate twice: %v, want it written once", apart)
	}
	if again := changes(importAll(t, s, chained)); again != nil {
		t.Errorf("the second import changes %v", again)
	}
	if _, err := s.ClientTLS("etcd-admin"); err != nil {
		t.Error(err)
	}
}

func TestRequestForAnAuthorityThatIsNotHereYet(t *testing.T) {
	s := open(t, systemv())
	apply(t, s, noon, Options{CSROnly: true}, "front-proxy")
	ca := newCA(t, "Front Proxy", nil, nil)
	answer := filepath.Join(t.TempDir(), "a.crt")
	if err := os.WriteFile(answer, encodeCertificates(ca.sign(t, readFileOf(t, s, "pki/kmaster1/front-proxy-client.csr"), nil)), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := s.Import(noon, answer)
	var problems cluster.Problems
	if !errors.As(err, &problems) || problems[0].Subject != "pki/front-proxy-ca.crt" {
		t.Errorf("got %v, want to be asked for pki/front-proxy-ca.crt", err)
	}
	put(t, s, "pki/front-proxy-ca.crt", encodeCertificates(ca.cert))
	want := []string{"write pki/front-proxy-ca-bundle.crt", "write pki/kmaster1/front-proxy-client.crt"}
	if diff := cmp.Diff(want, changes(importAll(t, s, answer))); diff != "" {
		t.Errorf("(-want +have):\n%s", diff)
	}
}

func TestRequestNeverReplacesAKeyInUse(t *testing.T) {
	s, ca := elsewhere(t)
	apply(t, s, noon, Options{CSROnly: true}, "etcd")
	importAll(t, s, signAll(t, s, ca, nil))
	s.spec.PKI.Key = cluster.Key{Algorithm: "ecdsa", Size: 384}
	_, err := s.PlanWith(noon, Options{CSROnly: true}, "etcd")
	var problems cluster.Problems
	if !errors.As(err, &problems) || problems[0].Subject != "pki/etcd-admin.key" || !strings.Contains(problems[0].Message, "the spec says ECDSA P-384") {
		t.Errorf("got %v, want to be told that the key would have to go", err)
	}
}
