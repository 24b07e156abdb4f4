package pki

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"hardway/cluster"
)

// State is what stands of a certificate.
type State string

// The states. Unreloaded is for those who look at servers: right on disk, not what is served.
const (
	StateValid      State = "valid"
	StateExpiring   State = "expiring"
	StateExpired    State = "expired"
	StateMissing    State = "missing"
	StateWrong      State = "wrong"
	StateUnreloaded State = "unreloaded"
)

// verdict is the judgement on one leaf: what stands there, and everything that is not right with it.
type verdict struct {
	state   State
	reasons []string
	// cert is nil where none can be read.
	cert *x509.Certificate
	// keepKey: the key that stands there is right and stays, also where the certificate is made anew. Then only one
	// file changes, and no server ever sees a certificate beside another's key.
	keepKey bool
	// bound: it ends on the day its authority does, so a new one would live no longer.
	bound bool
}

// right reports whether nothing is gained by making the certificate anew.
func (v verdict) right() bool {
	return v.state == StateValid || v.state == StateExpiring && v.bound
}

func (v verdict) reason() string { return strings.Join(v.reasons, "; ") }

// judge reads a leaf and holds it against its row, its authority and the clock. The error is a problem with the private
// key, which is never replaced without being asked: unreadable, encrypted, open to others.
func (s *Store) judge(r Request, a Authority, now time.Time) (verdict, error) {
	var v verdict
	certs, certErr := s.readCertificates(r.CertFile())
	if len(certs) > 0 {
		v.cert = certs[0]
	}
	key, err := s.readKey(r.KeyFile())
	if err != nil {
		return v.with(StateWrong, "its private key: "+message(err)), err
	}
	v.keepKey = key != nil && keyAlgorithm(key.Public()) == wantedAlgorithm(s.spec.PKI.Key)
	switch {
	case certErr != nil:
		return v.with(StateWrong, "it is no certificate: "+message(certErr)), nil
	case certs == nil:
		return v.with(StateMissing, "there is none yet"), nil
	}
	return s.compare(v, r, certs, key, a).inTime(now, a.Signer), nil
}

// compare adds everything in which a leaf differs from what is asked for.
func (s *Store) compare(v verdict, r Request, certs []*x509.Certificate, key crypto.Signer, a Authority) verdict {
	if key == nil {
		v = v.with(StateMissing, "its private key is missing")
	} else {
		v.reasons = append(v.reasons, checkKey(s.spec.PKI.Key, v.cert, key)...)
	}
	v.reasons = append(v.reasons, checkLeaf(r, certs, a.Signer)...)
	if v.state == "" && len(v.reasons) > 0 {
		v.state = StateWrong
	}
	return v
}

func (v verdict) with(state State, reason string) verdict {
	v.state = state
	v.reasons = append(v.reasons, reason)
	return v
}

// inTime adds what the clock says.
func (v verdict) inTime(now time.Time, signer *Pair) verdict {
	c := v.cert
	switch {
	case now.After(c.NotAfter) && v.state != StateMissing:
		return v.with(StateExpired, "it expired on "+day(c.NotAfter))
	case v.state != "":
		return v
	case now.Before(c.NotBefore):
		return v.with(StateWrong, "it is not valid before "+day(c.NotBefore))
	case renewFrom(c).After(now):
		return v.with(StateValid, "valid until "+day(c.NotAfter))
	case signer != nil && !signer.window().NotAfter.After(c.NotAfter):
		v.bound = true
		return v.with(StateExpiring, fmt.Sprintf("it expires on %s, together with its authority: rotate that", day(c.NotAfter)))
	}
	return v.with(StateExpiring, "it expires on "+day(c.NotAfter))
}

// renewFrom is when a leaf is renewed: 30 days before its end, or when a fifth of its life is left if that is later,
// so that short-lived leaves are not renewed at every run.
func renewFrom(c *x509.Certificate) time.Time {
	const ahead = 30 * 24 * time.Hour
	return c.NotAfter.Add(-min(ahead, c.NotAfter.Sub(c.NotBefore)/5))
}

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
