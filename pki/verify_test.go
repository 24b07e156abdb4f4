package pki

import (
	"crypto/rsa"
	"crypto/x509"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hardway/cluster"
)

func TestEveryLeafVerifiesAgainstItsBundle(t *testing.T) {
	s := issued3(t)
	for _, r := range Catalogue(s.spec) {
		verifyLeaf(t, s, r)
	}
}

// verifyLeaf holds a leaf against its row: what Go's verifier says of it with nothing but its bundle, and what it says of itself.
func verifyLeaf(t *testing.T, s *Store, r Request) {
	t.Helper()
	certs, key, err := s.leafPair(r)
	if err != nil {
		t.Fatal(err)
	}
	cert := certs[0]
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(readFileOf(t, s, authorityRow(r.Authority).BundleFile()))
	for _, usage := range r.Usage.extKeyUsages() {
		for _, name := range append(r.SANs(), "") {
			_, err := cert.Verify(x509.VerifyOptions{Roots: roots, Intermediates: poolOf(certs[1:]...), CurrentTime: noon, DNSName: name, KeyUsages: []x509.ExtKeyUsage{usage}})
			if err != nil {
				t.Errorf("%s does not verify as %q: %v", r.ID(), name, err)
			}
		}
	}
	if got := cert.Subject.CommonName; got != r.CN {
		t.Errorf("%s: CN %q, want %q", r.ID(), got, r.CN)
	}
	if got := strings.Join(cert.Subject.Organization, "+"); got != r.O {
		t.Errorf("%s: O %q, want %q", r.ID(), got, r.O)
	}
	if diff := difference(usageNames(cert.ExtKeyUsage), usageNames(r.Usage.extKeyUsages())); diff != "" {
		t.Errorf("%s: usages: %s", r.ID(), diff)
	}
	if cert.IsCA || !cert.BasicConstraintsValid || len(cert.SubjectKeyId) == 0 || len(cert.AuthorityKeyId) == 0 {
		t.Errorf("%s: CA %v, subject key id %x, authority key id %x", r.ID(), cert.IsCA, cert.SubjectKeyId, cert.AuthorityKeyId)
	}
	if cert.SerialNumber.BitLen() < 64 || cert.SerialNumber.BitLen() > 160 {
		t.Errorf("%s: serial of %d bits", r.ID(), cert.SerialNumber.BitLen())
	}
	_, isRSA := key.Public().(*rsa.PublicKey)
	if got := cert.KeyUsage&x509.KeyUsageKeyEncipherment != 0; got != isRSA {
		t.Errorf("%s: keyEncipherment %v with a %s key", r.ID(), got, keyAlgorithm(key.Public()))
	}
	if cert.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		t.Errorf("%s: lacks digitalSignature", r.ID())
	}
	if got := cert.NotAfter.Sub(cert.NotBefore); got != year {
		t.Errorf("%s: lasts %s, want a year", r.ID(), got)
	}
	if want := noon.Add(-5 * time.Minute); !cert.NotBefore.Equal(want) {
		t.Errorf("%s: starts %s, want %s", r.ID(), cert.NotBefore, want)
	}
}

func readFileOf(t testing.TB, s *Store, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(s.work.Path(file))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestAuthoritiesMaySignAndNothingBelowThemMay(t *testing.T) {
	s := issued3(t)
	for _, row := range Authorities() {
		a, err := s.Authority(row.Name, noon)
		if err != nil {
			t.Fatal(err)
		}
		ca := a.Signer.Cert()
		want := x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature
		if !ca.IsCA || ca.KeyUsage != want || ca.MaxPathLen != 0 || !ca.MaxPathLenZero || len(ca.SubjectKeyId) == 0 {
			t.Errorf("%s: CA %v, usage %b, path length %d (zero %v)", row.Name, ca.IsCA, ca.KeyUsage, ca.MaxPathLen, ca.MaxPathLenZero)
		}
		if ca.Subject.CommonName != row.CN || ca.NotAfter.Sub(ca.NotBefore) != 10*year {
			t.Errorf("%s: %s for %s", row.Name, ca.Subject, ca.NotAfter.Sub(ca.NotBefore))
		}
	}
}

func TestSerialsDiffer(t *testing.T) {
	s := issued3(t)
	seen := map[string]string{}
	for _, c := range s.List(noon) {
		if other, ok := seen[c.Serial]; ok {
			t.Errorf("%s and %s have serial %s", c.File, other, c.Serial)
		}
		seen[c.Serial] = c.File
	}
}

// openssl runs the real one; its absence is a failure, because users check with it.
func openssl(t testing.TB, args ...string) string {
	t.Helper()
	out, err := exec.Command("openssl", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// opensslVerifies runs openssl verify for every leaf, grouped by what they are verified with.
func opensslVerifies(t *testing.T, s *Store) {
	t.Helper()
	groups := map[[2]string][]string{}
	for _, r := range Catalogue(s.spec) {
		bundle := s.work.Path(authorityRow(r.Authority).BundleFile())
		for _, purpose := range map[Usage][]string{UsageClient: {"sslclient"}, UsageServer: {"sslserver"}, UsagePeer: {"sslserver", "sslclient"}}[r.Usage] {
			groups[[2]string{bundle, purpose}] = append(groups[[2]string{bundle, purpose}], s.work.Path(r.CertFile()))
		}
	}
	for g, files := range groups {
		for _, file := range files {
			// As a TLS peer sees it: the bundle is what it trusts, the rest of the served file is offered.
			openssl(t, "verify", "-x509_strict", "-attime", "1772625600", "-purpose", g[1], "-CAfile", g[0], "-untrusted", file, file)
		}
	}
}

func TestOpenSSLVerifiesEveryLeaf(t *testing.T) { opensslVerifies(t, issued3(t)) }

func TestEveryKeyAlgorithm(t *testing.T) {
	for _, k := range []struct {
		key    cluster.Key
		want   string
		groups []string
	}{
		{cluster.Key{Algorithm: "ecdsa", Size: 256}, "ECDSA P-256", nil},
		{cluster.Key{Algorithm: "ecdsa", Size: 384}, "ECDSA P-384", nil},
		{cluster.Key{Algorithm: "rsa", Size: 2048}, "RSA 2048", []string{"etcd", "service-account"}},
		{cluster.Key{Algorithm: "rsa", Size: 3072}, "RSA 3072", []string{"front-proxy"}},
		{cluster.Key{Algorithm: "rsa", Size: 4096}, "RSA 4096", []string{"front-proxy"}},
	} {
		t.Run(k.want, func(t *testing.T) {
			spec := systemv()
			spec.Hosts = spec.Hosts[:1]
			spec.PKI.Key = k.key
			s := open(t, spec)
			issueAll(t, s, noon, k.groups...)
			found := 0
			for _, r := range Catalogue(spec) {
				if !s.exists(r.CertFile()) {
					continue
				}
				found++
				verifyLeaf(t, s, r)
				if cert, err := s.Certificate(r.ID()); err != nil || keyAlgorithm(cert.PublicKey) != k.want {
					t.Errorf("%s: %v, want %s", r.ID(), err, k.want)
				}
				bundle := s.work.Path(authorityRow(r.Authority).BundleFile())
				openssl(t, "verify", "-attime", "1772625600", "-CAfile", bundle, s.work.Path(r.CertFile()))
			}
			if found == 0 {
				t.Error("nothing was issued")
			}
		})
	}
}

func TestOpenSSLReadsEveryKeyAndFindsItsCertificate(t *testing.T) {
	s := issued3(t)
	for _, r := range Catalogue(s.spec)[:16] {
		public := openssl(t, "pkey", "-in", s.work.Path(r.KeyFile()), "-pubout")
		if of := openssl(t, "x509", "-in", s.work.Path(r.CertFile()), "-noout", "-pubkey"); of != public {
			t.Errorf("%s: openssl finds another public key in the certificate", r.ID())
		}
	}
}

func TestModesInTheWorkDirectory(t *testing.T) {
	s := open(t, systemv())
	issueAll(t, s, noon)
	for file, sum := range digests(t, s) {
		want := "-rw-r--r--"
		if filepath.Ext(file) == ".key" {
			want = "-rw-------"
		}
		if mode := strings.Fields(sum)[0]; mode != want {
			t.Errorf("%s: mode %s, want %s", file, mode, want)
		}
	}
}
