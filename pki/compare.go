package pki

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"

	"hardway/cluster"
)

func checkKey(want cluster.Key, cert *x509.Certificate, key crypto.Signer) []string {
	if !samePublic(key.Public(), cert.PublicKey) {
		return []string{"the private key is not this certificate's"}
	}
	if have := keyAlgorithm(key.Public()); have != wantedAlgorithm(want) {
		return []string{fmt.Sprintf("its key is %s, the spec says %s", have, wantedAlgorithm(want))}
	}
	return nil
}

// checkLeaf lists every difference between a certificate with its chain and what its row and its signer ask for.
func checkLeaf(r Request, certs []*x509.Certificate, signer *Pair) []string {
	reasons := checkIdentity(r, certs[0])
	if signer == nil {
		return append(reasons, "its authority is missing")
	}
	return append(reasons, checkIssuer(certs, signer)...)
}

func checkIdentity(r Request, cert *x509.Certificate) []string {
	var reasons []string
	if have, want := cert.Subject.String(), subject(r).String(); have != want {
		reasons = append(reasons, fmt.Sprintf("its subject is %s, wanted %s", have, want))
	}
	if diff := difference(sansOf(cert), r.SANs()); diff != "" {
		reasons = append(reasons, "its names differ: "+diff)
	}
	if diff := difference(usageNames(cert.ExtKeyUsage), usageNames(r.Usage.extKeyUsages())); diff != "" {
		reasons = append(reasons, "its usages differ: "+diff)
	}
	if cert.KeyUsage != 0 && cert.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		reasons = append(reasons, "its key usage lacks digitalSignature")
	}
	if cert.IsCA {
		reasons = append(reasons, "it is a CA certificate")
	}
	return reasons
}

func checkIssuer(certs []*x509.Certificate, signer *Pair) []string {
	cert := certs[0]
	if !issued(signer.Cert(), cert) {
		return []string{fmt.Sprintf("it was signed by another CA (%s) than the one in place", cert.Issuer)}
	}
	var reasons []string
	if end := signer.window().NotAfter; cert.NotAfter.After(end) {
		reasons = append(reasons, "it outlives its authority, which ends on "+day(end))
	}
	if !slices.EqualFunc(certs[1:], signer.Intermediates(), func(a, b *x509.Certificate) bool { return bytes.Equal(a.Raw, b.Raw) }) {
		reasons = append(reasons, "the chain after it is not its authority's")
	}
	return reasons
}

// difference says what have lacks and has too much of, as sets; empty when they are the same.
func difference(have, want []string) string {
	var parts []string
	if lacks := without(want, have); len(lacks) > 0 {
		parts = append(parts, "lacks "+strings.Join(lacks, ", "))
	}
	if extra := without(have, want); len(extra) > 0 {
		parts = append(parts, "has too much "+strings.Join(extra, ", "))
	}
	return strings.Join(parts, ", ")
}

func without(list, drop []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return slices.Contains(drop, s) })
}

// sansOf is every subject alternative name of a certificate, as SANs is of a request. It is never nil.
func sansOf(c *x509.Certificate) []string {
	sans := append([]string{}, c.DNSNames...)
	for _, ip := range c.IPAddresses {
		sans = append(sans, ip.String())
	}
	sans = append(sans, c.EmailAddresses...)
	for _, uri := range c.URIs {
		sans = append(sans, uri.String())
	}
	return sans
}

// extKeyUsages is the usage in X.509 terms.
func (u Usage) extKeyUsages() []x509.ExtKeyUsage {
	switch u {
	case UsageClient:
		return []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	case UsageServer:
		return []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	default:
		return []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	}
}

func usageNames(usages []x509.ExtKeyUsage) []string {
	known := map[x509.ExtKeyUsage]string{x509.ExtKeyUsageServerAuth: "serverAuth", x509.ExtKeyUsageClientAuth: "clientAuth"}
	var names []string
	for _, u := range usages {
		name, ok := known[u]
		if !ok {
			name = fmt.Sprintf("usage %d", u)
		}
		names = append(names, name)
	}
	return names
}

// OpenSSL is the usage as openssl's extendedKeyUsage spells it.
func (u Usage) OpenSSL() string { return strings.Join(usageNames(u.extKeyUsages()), ",") }
