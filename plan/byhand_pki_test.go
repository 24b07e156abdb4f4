package plan_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"hardway/cluster"
	"hardway/pki"
	"hardway/test/sample"
)

// clusters are specs that ask for every way in which keys are made, and for names that want quoting somewhere.
var clusters = map[string]func(*cluster.Spec){
	"ecdsa P-256": func(*cluster.Spec) {},
	"ecdsa P-384, IPv6 and a group that wants quoting": func(s *cluster.Spec) {
		s.PKI.Key = cluster.Key{Algorithm: "ecdsa", Size: 384}
		s.PKI.AdminGroup = `o'neill/ops+on $call, "ü"`
		s.PKI.ExtraSANs = []string{"*.example.com", "2001:db8::7"}
		s.PKI.Validity.Leaf.Duration = s.PKI.Validity.CA.Duration
		s.PKI.SignOnMasters = new(bool)
		s.Worker.OnMasters = true
	},
	"rsa 2048": func(s *cluster.Spec) {
		s.PKI.Key = cluster.Key{Algorithm: "rsa", Size: 2048}
		s.PKI.Validity.Leaf.Duration = 90 * 24 * time.Hour
	},
}

// tolerance is by how much a validity may differ: openssl counts in days, and ours begins minutes in the past.
const tolerance = 24 * time.Hour

func TestPrintedCommandsMakeWhatHardwayMakes(t *testing.T) {
	for name, edit := range clusters {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			spec := sample.Spec(t, edit)
			hand, ours := t.TempDir(), t.TempDir()
			steps := []string{"pki all", "kubeconfig all", "encryption-config"}
			byHand(t, hand, spec, steps...)
			byHardway(t, ours, spec, steps...)
			sameFiles(t, hand, ours)
			samePKI(t, spec, hand, ours)
			sameKubeconfigs(t, spec, hand, ours)
			sameEncryption(t, hand, ours)
			goesOn(t, spec, hand, steps)
		})
	}
}

func samePKI(t *testing.T, spec *cluster.Spec, hand, ours string) {
	t.Helper()
	for _, a := range pki.Authorities() {
		sameCertificate(t, hand, ours, a.CertFile())
		samePair(t, hand, a.CertFile(), a.KeyFile())
		if !bytes.Equal(read(t, hand, a.CertFile()), read(t, hand, a.BundleFile())) {
			t.Errorf("%s holds something else than %s", a.BundleFile(), a.CertFile())
		}
	}
	for _, r := range pki.Catalogue(spec) {
		sameCertificate(t, hand, ours, r.CertFile())
		samePair(t, hand, r.CertFile(), r.KeyFile())
		verifies(t, hand, r)
	}
	serviceAccountPair(t, hand, ours)
}

// goesOn: what was made by hand has to be as good to hardway as what it makes itself. Nothing of it is made again, but that
// kubectl and hardway lay the same kubeconfig out differently.
func goesOn(t *testing.T, spec *cluster.Spec, hand string, steps []string) {
	t.Helper()
	for _, report := range byHardway(t, hand, spec, steps...) {
		for _, c := range report.Changes {
			if c.Reason != "it is written in another form" {
				t.Errorf("hardway would %s %s: %s", c.Action, c.Subject, c.Reason)
			}
		}
	}
}

func TestPrintedCommandsRunTwiceChangeNothing(t *testing.T) {
	spec := sample.Spec(t)
	dir := t.TempDir()
	steps := []string{"pki all", "kubeconfig all", "encryption-config"}
	byHand(t, dir, spec, steps...)
	before := contents(t, dir)
	byHand(t, dir, spec, steps...)
	if diff := cmp.Diff(before, contents(t, dir)); diff != "" {
		t.Errorf("the second run changed files:\n%s", diff)
	}
}

// A group's commands alone make what the group makes, given the authority.
func TestEachGroupOfThePKIHasItsOwnCommands(t *testing.T) {
	spec := sample.Spec(t)
	hand, ours := t.TempDir(), t.TempDir()
	for _, g := range pki.Groups() {
		if g.Name == pki.GroupAll {
			continue
		}
		byHand(t, hand, spec, "pki "+g.Name)
		byHardway(t, ours, spec, "pki "+g.Name)
		sameFiles(t, hand, ours)
	}
}

// sameFiles wants the same paths in both, and no private key that others may read.
func sameFiles(t *testing.T, hand, ours string) {
	t.Helper()
	got, want := contents(t, hand), contents(t, ours)
	if diff := cmp.Diff(keys(want), keys(got)); diff != "" {
		t.Fatalf("files (- by hardway, + by hand):\n%s", diff)
	}
	for file := range got {
		info, err := os.Stat(filepath.Join(hand, file))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, ".key") && info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %04o, want 0600", file, info.Mode().Perm())
		}
	}
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		relative, _ := filepath.Rel(dir, path)
		files[relative] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// fields is what has to be the same of two certificates that were made apart.
type fields struct {
	Subject, Issuer      string
	Names                []string
	KeyUsage             x509.KeyUsage
	ExtKeyUsage          []x509.ExtKeyUsage
	IsCA, HasConstraints bool
	PathLength           int
	Key, Signature       string
	Critical             []string
	HasKeyIDs            string
}

func fieldsOf(c *x509.Certificate) fields {
	f := fields{
		Subject: c.Subject.String(), Issuer: c.Issuer.String(), KeyUsage: c.KeyUsage, ExtKeyUsage: slices.Sorted(slices.Values(c.ExtKeyUsage)),
		IsCA: c.IsCA, HasConstraints: c.BasicConstraintsValid, PathLength: c.MaxPathLen,
		Key: keyKind(c.PublicKey), Signature: c.SignatureAlgorithm.String(),
		HasKeyIDs: fmt.Sprintf("subject %v, authority %v", len(c.SubjectKeyId) > 0, len(c.AuthorityKeyId) > 0),
	}
	f.Names = append(f.Names, c.DNSNames...)
	for _, ip := range c.IPAddresses {
		f.Names = append(f.Names, ip.String())
	}
	slices.Sort(f.Names)
	for _, e := range c.Extensions {
		if e.Critical {
			f.Critical = append(f.Critical, e.Id.String())
		}
	}
	slices.Sort(f.Critical)
	return f
}

func keyKind(public any) string {
	switch key := public.(type) {
	case *ecdsa.PublicKey:
		return "ECDSA " + key.Params().Name
	case *rsa.PublicKey:
		return fmt.Sprintf("RSA %d, exponent %d", key.N.BitLen(), key.E)
	}
	return fmt.Sprintf("%T", public)
}

func sameCertificate(t *testing.T, hand, ours, file string) {
	t.Helper()
	got, want := certificateIn(t, hand, file), certificateIn(t, ours, file)
	if diff := cmp.Diff(fieldsOf(want), fieldsOf(got)); diff != "" {
		t.Errorf("%s (- by hardway, + by hand):\n%s", file, diff)
	}
	lasts := func(c *x509.Certificate) time.Duration { return c.NotAfter.Sub(c.NotBefore) }
	if d := (lasts(want) - lasts(got)).Abs(); d > tolerance {
		t.Errorf("%s lasts %s, want %s", file, lasts(got), lasts(want))
	}
	if d := want.NotAfter.Sub(got.NotAfter).Abs(); d > tolerance {
		t.Errorf("%s ends %s, want %s", file, got.NotAfter, want.NotAfter)
	}
	if got.SerialNumber.Sign() <= 0 || got.SerialNumber.BitLen() > 159 {
		t.Errorf("%s: its serial %x is not what RFC 5280 allows", file, got.SerialNumber)
	}
}

// certificateIn wants exactly one certificate in a file.
func certificateIn(t *testing.T, dir, file string) *x509.Certificate {
	t.Helper()
	block, rest := pem.Decode(read(t, dir, file))
	if block == nil || len(rest) > 0 {
		t.Fatalf("%s holds no certificate, or more than one", file)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return cert
}

func samePair(t *testing.T, dir, cert, key string) {
	t.Helper()
	if _, err := tls.X509KeyPair(read(t, dir, cert), read(t, dir, key)); err != nil {
		t.Errorf("%s and %s are no pair: %v", cert, key, err)
	}
}

// verifies holds a leaf against its bundle for every use it has, and wants it to end no later than its authority.
func verifies(t *testing.T, dir string, r pki.Request) {
	t.Helper()
	i := slices.IndexFunc(pki.Authorities(), func(a pki.AuthorityRow) bool { return a.Name == r.Authority })
	authority := pki.Authorities()[i]
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(read(t, dir, authority.BundleFile())) {
		t.Fatalf("%s holds no certificate", authority.BundleFile())
	}
	cert, ca := certificateIn(t, dir, r.CertFile()), certificateIn(t, dir, authority.CertFile())
	for _, use := range cert.ExtKeyUsage {
		if _, err := cert.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{use}}); err != nil {
			t.Errorf("%s does not verify against %s: %v", r.CertFile(), authority.BundleFile(), err)
		}
	}
	if cert.NotAfter.After(ca.NotAfter) {
		t.Errorf("%s ends %s, after its authority (%s)", r.CertFile(), cert.NotAfter, ca.NotAfter)
	}
	if !bytes.Equal(cert.AuthorityKeyId, ca.SubjectKeyId) {
		t.Errorf("%s names another key of its authority than %s has", r.CertFile(), authority.CertFile())
	}
}

func serviceAccountPair(t *testing.T, hand, ours string) {
	t.Helper()
	kinds := map[string]string{}
	for _, dir := range []string{hand, ours} {
		block, _ := pem.Decode(read(t, dir, pki.File(pki.ServiceAccountKey)))
		private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		block, _ = pem.Decode(read(t, dir, pki.File(pki.ServiceAccountPublic)))
		public, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if !private.(crypto.Signer).Public().(interface{ Equal(crypto.PublicKey) bool }).Equal(public) {
			t.Errorf("%s: the public service-account key is not the private one's", dir)
		}
		kinds[dir] = block.Type + " " + keyKind(public)
	}
	if kinds[hand] != kinds[ours] {
		t.Errorf("the service-account key is %s, want %s", kinds[hand], kinds[ours])
	}
}
