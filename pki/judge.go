package pki

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"strings"
	"time"
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
