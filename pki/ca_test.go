package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// otherCA is an authority as an operator brings it along, made without any of our code.
type otherCA struct {
	cert *x509.Certificate
	key  crypto.Signer
	up   *otherCA
}

// newCA makes one; change may bend its template, up is its issuer, nil for a root.
func newCA(t testing.TB, name string, up *otherCA, change func(*x509.Certificate)) *otherCA {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: noon.Add(-24 * time.Hour), NotAfter: noon.Add(5 * year),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	if change != nil {
		change(template)
	}
	ca := &otherCA{key: key, up: up}
	parent, signer := template, crypto.Signer(key)
	if up != nil {
		parent, signer = up.cert, up.key
	}
	ca.cert = signTemplate(t, template, parent, key.Public(), signer)
	return ca
}

func signTemplate(t testing.TB, template, parent *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// chain is the certificate and its issuers up to the root.
func (c *otherCA) chain() []*x509.Certificate {
	if c == nil {
		return nil
	}
	return append([]*x509.Certificate{c.cert}, c.up.chain()...)
}

// sign answers a signing request as a careful authority does: what it asks for, nothing else.
func (c *otherCA) sign(t testing.TB, request []byte, change func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	r, err := parseRequest(request)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: r.Subject, DNSNames: r.DNSNames, IPAddresses: r.IPAddresses,
		NotBefore: noon.Add(-time.Hour), NotAfter: noon.Add(year),
	}
	for _, e := range r.Extensions {
		// Key usages are taken over as they were asked for; the names come from above.
		if e.Id.String() == "2.5.29.15" || e.Id.String() == "2.5.29.37" {
			template.ExtraExtensions = append(template.ExtraExtensions, e)
		}
	}
	if change != nil {
		change(template)
	}
	return signTemplate(t, template, c.cert, r.PublicKey, c.key)
}

// put writes a file into the work directory with the mode it should have.
func put(t testing.TB, s *Store, file string, data []byte) {
	t.Helper()
	path := s.work.Path(file)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	mode := os.FileMode(0o644)
	if filepath.Ext(file) == ".key" {
		mode = 0o600
	}
	if err := os.WriteFile(path, data, mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func remove(t testing.TB, s *Store, files ...string) {
	t.Helper()
	for _, file := range files {
		if err := os.Remove(s.work.Path(file)); err != nil {
			t.Fatal(err)
		}
	}
}

// drop puts an authority where an operator would.
func (c *otherCA) drop(t testing.TB, s *Store, name string) {
	t.Helper()
	row := authorityRow(name)
	put(t, s, row.CertFile(), encodeCertificates(c.chain()...))
	put(t, s, row.KeyFile(), keyPEM(t, c.key))
}

func keyPEM(t testing.TB, key crypto.Signer) []byte {
	t.Helper()
	data, err := encodeKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
