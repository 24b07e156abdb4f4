package pki

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"net/netip"
	"time"

	"github.com/cloudflare/cfssl/config"
	"github.com/cloudflare/cfssl/signer"
	"github.com/cloudflare/cfssl/signer/local"

	"hardway/cluster"
)

// backdate is how far a certificate's start lies back, for hosts whose clocks run behind.
const backdate = 5 * time.Minute

// window is from when until when a certificate is valid. X.509 counts in seconds.
type window struct{ NotBefore, NotAfter time.Time }

// windowOf is the validity of something made now that lasts for so long, start included.
func windowOf(now time.Time, lasts time.Duration) window {
	start := now.UTC().Truncate(time.Second).Add(-backdate)
	return window{NotBefore: start, NotAfter: start.Add(lasts)}
}

// within cuts the window to what the issuing certificate itself lives.
func (w window) within(outer window) window {
	if w.NotBefore.Before(outer.NotBefore) {
		w.NotBefore = outer.NotBefore
	}
	if w.NotAfter.After(outer.NotAfter) {
		w.NotAfter = outer.NotAfter
	}
	return w
}

func windowOfCert(c *x509.Certificate) window { return window{c.NotBefore, c.NotAfter} }

// issuer signs with one authority, by cfssl's policy. cfssl fills the template as it does for a CSR; the CSR itself is
// left out, because the key is ours and its round trip would cost twice the signature.
type issuer struct {
	pair   *Pair
	policy *config.Signing
	algo   x509.SignatureAlgorithm
	// root and between are the chain that what it issues must verify through.
	root, between *x509.CertPool
}

func newIssuer(pki cluster.PKI, pair *Pair) (*issuer, error) {
	s, err := local.NewSigner(pair.Key, pair.Cert(), signer.DefaultSigAlgo(pair.Key), policy(pki))
	if err != nil {
		return nil, fmt.Errorf("failed to set up signing: %w", err)
	}
	root := pair.Chain[len(pair.Chain)-1]
	return &issuer{pair: pair, policy: s.Policy(), algo: s.SigAlgo(), root: poolOf(root), between: poolOf(pair.Intermediates()...)}, nil
}

// leaf issues what a row of the catalogue asks for, and proves that it verifies: an authority brought along may carry
// restrictions that only show then.
func (i *issuer) leaf(r Request, public crypto.PublicKey, w window) (*x509.Certificate, error) {
	template, err := fillTemplate(i.policy, i.algo, string(r.Usage), subject(r), public, w)
	if err != nil {
		return nil, fmt.Errorf("failed to issue %s: %w", r.ID(), err)
	}
	template.DNSNames, template.IPAddresses = r.DNSNames, netIPs(r.IPs)
	cert, err := create(template, i.pair.Cert(), public, i.pair.Key)
	if err != nil {
		return nil, fmt.Errorf("failed to issue %s: %w", r.ID(), err)
	}
	return cert, i.prove(r, cert)
}

func (i *issuer) prove(r Request, cert *x509.Certificate) error {
	_, err := cert.Verify(x509.VerifyOptions{
		Roots: i.root, Intermediates: i.between, KeyUsages: cert.ExtKeyUsage, CurrentTime: cert.NotAfter,
	})
	if err != nil {
		row := authorityRow(r.Authority)
		return problem(row.CertFile(), "use a CA without such a restriction", "what it signs for %s does not verify: %v", r.ID(), err)
	}
	return nil
}

func fillTemplate(policy *config.Signing, algo x509.SignatureAlgorithm, profile string, name pkix.Name, public crypto.PublicKey, w window) (*x509.Certificate, error) {
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{SerialNumber: serial, Subject: name, PublicKey: public, SignatureAlgorithm: algo}
	err = signer.FillTemplate(template, policy.Default, policy.Profiles[profile], w.NotBefore, w.NotAfter)
	return template, err
}

func create(template, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// newAuthority makes a self-signed authority.
func newAuthority(pki cluster.PKI, commonName string, w window) (*Pair, error) {
	key, err := newKey(pki.Key)
	if err != nil {
		return nil, err
	}
	algo := signer.DefaultSigAlgo(key)
	template, err := fillTemplate(policy(pki), algo, profileAuthority, pkix.Name{CommonName: commonName}, key.Public(), w)
	if err != nil {
		return nil, fmt.Errorf("failed to make authority %s: %w", commonName, err)
	}
	cert, err := create(template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("failed to make authority %s: %w", commonName, err)
	}
	return &Pair{Chain: []*x509.Certificate{cert}, Key: key}, nil
}

// newSerial is 159 random bits, so that it is positive and fits the 20 bytes that RFC 5280 allows.
func newSerial() (*big.Int, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 159))
	if err != nil {
		return nil, fmt.Errorf("failed to draw a serial number: %w", err)
	}
	return serial.Add(serial, big.NewInt(1)), nil
}

func subject(r Request) pkix.Name {
	name := pkix.Name{CommonName: r.CN}
	if r.O != "" {
		name.Organization = []string{r.O}
	}
	return name
}

func netIPs(addrs []netip.Addr) []net.IP {
	var ips []net.IP
	for _, a := range addrs {
		ips = append(ips, a.AsSlice())
	}
	return ips
}
