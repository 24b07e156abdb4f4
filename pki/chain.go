package pki

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"time"
)

// check says why a pair cannot be an authority at the time now: the first reason found, as a cluster.Problems.
func (p *Pair) check(certFile, keyFile string, now time.Time) error {
	if err := checkChain(certFile, p.Chain, now); err != nil {
		return err
	}
	if p.Key == nil || samePublic(p.Key.Public(), p.Cert().PublicKey) {
		return nil
	}
	for i, c := range p.Chain[1:] {
		if samePublic(p.Key.Public(), c.PublicKey) {
			return problem(certFile, "put the certificate of "+keyFile+" first, followed by its issuers up to the root",
				"its first certificate must be the one that signs, but %s belongs to certificate %d", keyFile, i+2)
		}
	}
	return problem(keyFile, "put the key of "+certFile+" there", "it is the key of another certificate than %s", certFile)
}

// checkChain wants the signing certificate first, then its issuers in their order, up to a root.
func checkChain(file string, chain []*x509.Certificate, now time.Time) error {
	for i, c := range chain {
		if err := checkCA(file, c, now); err != nil {
			return err
		}
		if i+1 < len(chain) && !issued(chain[i+1], c) {
			return problem(file, "order them: the one that signs first, then its issuer, and so on up to the root; one chain in one file",
				"certificate %d (%s) was not issued by the one after it (%s)", i+1, c.Subject, chain[i+1].Subject)
		}
	}
	root := chain[len(chain)-1]
	if !issued(root, root) {
		return problem(file, fmt.Sprintf("append the certificate of %q to %s, and its issuers up to the root", root.Issuer, file),
			"it holds an intermediate without its root: %s was issued by %s, which is not there", root.Subject, root.Issuer)
	}
	return checkConstraints(file, chain, now)
}

// checkCA holds what a certificate needs to be an authority's (RFC 5280, 4.2.1.3 and 4.2.1.9).
func checkCA(file string, c *x509.Certificate, now time.Time) error {
	another := "put a CA certificate there; to have a new authority made, move it and its key away"
	switch {
	case !c.BasicConstraintsValid || !c.IsCA:
		return problem(file, another, "%s is no CA: its basic constraints do not say CA:TRUE", c.Subject)
	case c.KeyUsage != 0 && c.KeyUsage&x509.KeyUsageCertSign == 0:
		return problem(file, another, "%s may not sign certificates: its key usage lacks keyCertSign", c.Subject)
	case !signsTLS(c.PublicKey):
		return problem(file, "use RSA of at least 2048 bits, or ECDSA P-256, P-384 or P-521", "%s has a key of %s, which not every component accepts", c.Subject, keyAlgorithm(c.PublicKey))
	case now.After(c.NotAfter):
		return problem(file, "put a renewed certificate of the same key there; without one, every certificate it signed has to be replaced",
			"the CA %s expired on %s", c.Subject, day(c.NotAfter))
	case now.Before(c.NotBefore):
		return problem(file, "check this machine's clock", "the CA %s is not valid before %s", c.Subject, day(c.NotBefore))
	}
	return nil
}

// checkConstraints holds a chain against what it says of itself: how many authorities may stand below one, and name
// restrictions.
func checkConstraints(file string, chain []*x509.Certificate, now time.Time) error {
	for below, c := range chain {
		if c.MaxPathLen >= 0 && below > c.MaxPathLen {
			return problem(file, "use a chain that is no longer than its authorities allow",
				"%s allows %d authorities below it, and %d stand there (path length)", c.Subject, c.MaxPathLen, below)
		}
	}
	_, err := chain[0].Verify(x509.VerifyOptions{
		Roots: poolOf(chain[len(chain)-1]), Intermediates: poolOf(chain[1:]...), CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return problem(file, "put a chain there whose certificates allow each other", "its chain does not verify: %v", err)
	}
	return nil
}

// issued reports whether the signature on c is the parent's.
func issued(parent, c *x509.Certificate) bool {
	return bytes.Equal(parent.RawSubject, c.RawIssuer) && c.CheckSignatureFrom(parent) == nil
}

func poolOf(certs ...*x509.Certificate) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, c := range certs {
		pool.AddCert(c)
	}
	return pool
}

// day is a date as messages show it.
func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
