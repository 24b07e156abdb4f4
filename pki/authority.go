package pki

import (
	"crypto"
	"crypto/x509"
	"time"

	"hardway/cluster"
)

// Names of the authorities.
const (
	Kubernetes = "kubernetes"
	Etcd       = "etcd"
	FrontProxy = "front-proxy"
)

// Authority is one certificate authority with its generations.
type Authority struct {
	Name string
	// Signer issues. Next is trusted already and will issue; Retired is trusted still. Each may be nil.
	Signer, Next, Retired *Pair
	// Trust is every accepted root and intermediate: what the bundle holds.
	Trust []*x509.Certificate
}

// Pair is an authority's certificate and key of one generation.
type Pair struct {
	// Chain is the certificate followed by its issuers, up to the root.
	Chain []*x509.Certificate
	// Key is nil where the key is kept elsewhere.
	Key crypto.Signer
}

// Cert is the certificate that signs.
func (p *Pair) Cert() *x509.Certificate { return p.Chain[0] }

// Intermediates is what is served after a leaf: the chain without its root.
func (p *Pair) Intermediates() []*x509.Certificate { return p.Chain[:len(p.Chain)-1] }

// window is when the whole chain is valid: an issuer above may end before the certificate that signs.
func (p *Pair) window() window {
	w := windowOfCert(p.Cert())
	for _, c := range p.Chain[1:] {
		w = w.within(windowOfCert(c))
	}
	return w
}

// AuthorityRow is one row of the table of authorities.
type AuthorityRow struct {
	Name string
	// Base is the file name without suffix; CN the subject of one made here, as kubeadm has it.
	Base, CN string
	// Bundle is the name of the trust bundle's file.
	Bundle string
	// Group is the subcommand of pki that issues it.
	Group string
}

// Authorities is the table of authorities.
func Authorities() []AuthorityRow {
	return []AuthorityRow{
		{Name: Kubernetes, Base: "ca", CN: "kubernetes", Bundle: KubernetesBundle, Group: "ca"},
		{Name: Etcd, Base: "etcd-ca", CN: "etcd-ca", Bundle: EtcdBundle, Group: "etcd"},
		{Name: FrontProxy, Base: "front-proxy-ca", CN: "front-proxy-ca", Bundle: FrontProxyBundle, Group: "front-proxy"},
	}
}

// The generations of an authority, as the middle part of their file names.
const (
	current = ""
	next    = ".next"
	retired = ".retired"
)

// CertFile is where the signing certificate, with its chain, stands in the work directory.
func (a AuthorityRow) CertFile() string { return a.certFile(current) }

// KeyFile is where the signing key stands in the work directory.
func (a AuthorityRow) KeyFile() string { return a.keyFile(current) }

// BundleFile is where the trust bundle stands in the work directory.
func (a AuthorityRow) BundleFile() string { return File(a.Bundle) }

func (a AuthorityRow) certFile(generation string) string { return CertFile("", a.Base+generation) }
func (a AuthorityRow) keyFile(generation string) string  { return KeyFile("", a.Base+generation) }

func authorityRow(name string) AuthorityRow {
	for _, row := range Authorities() {
		if row.Name == name {
			return row
		}
	}
	return AuthorityRow{}
}

// Authority reads an authority with all its generations. Its Signer is nil when the authority was not made yet. Every
// reason why it cannot be used at the time now is a cluster.Problems.
func (s *Store) Authority(name string, now time.Time) (Authority, error) {
	row := authorityRow(name)
	a := Authority{Name: name}
	var problems cluster.Problems
	for _, g := range []struct {
		name string
		pair **Pair
	}{{current, &a.Signer}, {next, &a.Next}, {retired, &a.Retired}} {
		pair, err := s.pair(row, g.name, now)
		if err := collect(&problems, err); err != nil {
			return a, err
		}
		*g.pair = pair
	}
	a.Trust = trust(a.Signer, a.Next, a.Retired)
	return a, problems.OrNil()
}

// pair reads one generation; nil when neither half is there.
func (s *Store) pair(row AuthorityRow, generation string, now time.Time) (*Pair, error) {
	certFile, keyFile := row.certFile(generation), row.keyFile(generation)
	chain, err := s.readCertificates(certFile)
	if err != nil {
		return nil, err
	}
	key, err := s.readKey(keyFile)
	if err != nil {
		return nil, err
	}
	switch {
	case chain == nil && key == nil:
		return nil, nil
	case chain == nil:
		return nil, problem(certFile, "put the certificate of "+keyFile+" back; to start over with a new authority, move the key away",
			"the authority's certificate is missing while its key is there")
	}
	pair := &Pair{Chain: chain, Key: key}
	// What is retired only verifies what was issued before, so it may have run out.
	if generation == retired {
		now = chain[0].NotAfter
	}
	return pair, pair.check(certFile, keyFile, now)
}

// readCertificates reads the certificates of a file; nil without an error when it is not there.
func (s *Store) readCertificates(file string) ([]*x509.Certificate, error) {
	data, err := s.read(file)
	if data == nil || err != nil {
		return nil, err
	}
	certs, err := parseCertificates(data)
	if err != nil {
		return nil, problem(file, "put a PEM certificate there, and nothing else", "%v", err)
	}
	return certs, nil
}

// trust is every certificate of the generations, each once.
func trust(generations ...*Pair) []*x509.Certificate {
	var certs []*x509.Certificate
	seen := map[string]bool{}
	for _, pair := range generations {
		if pair == nil {
			continue
		}
		for _, c := range pair.Chain {
			if !seen[string(c.Raw)] {
				seen[string(c.Raw)] = true
				certs = append(certs, c)
			}
		}
	}
	return certs
}
