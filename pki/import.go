package pki

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"time"

	"hardway/cluster"
)

// Import takes certificates that an authority elsewhere has signed: files, or directories that are searched for *.crt,
// *.cer and *.pem. Each is matched by its public key to the private key that waits for it, and held against the
// catalogue and its authority at the time now. It returns what would be written; Apply writes it. Whatever does not fit
// is a cluster.Problems, and then nothing is to be written.
func (s *Store) Import(now time.Time, paths ...string) ([]Decision, error) {
	brought, err := readBrought(paths)
	if err != nil {
		return nil, err
	}
	p := &planner{store: s, now: now, options: Options{CSROnly: true}, authorities: map[string]*planned{}}
	waiting, err := s.waiting(&p.problems)
	if err != nil {
		return nil, err
	}
	var found []match
	for _, b := range brought {
		r, ok := waiting.find(b.cert.PublicKey)
		if !ok {
			p.problems = append(p.problems, cluster.Problem{Subject: b.path, Message: "no private key here belongs to the certificate of " + b.cert.Subject.String(),
				Hint: "bring certificates for the requests that hardway pki --csr-only wrote"})
			continue
		}
		found = append(found, match{b, r})
	}
	return p.take(found)
}

// match is a certificate with the row whose key it is for.
type match struct {
	brought
	row Request
}

func (p *planner) take(found []match) ([]Decision, error) {
	needed := map[string]bool{}
	for _, m := range found {
		needed[m.row.Authority] = true
	}
	for _, row := range Authorities() {
		if !needed[row.Name] {
			continue
		}
		if err := collect(&p.problems, p.planAuthority(row)); err != nil {
			return nil, err
		}
	}
	seen := map[string]match{}
	for _, m := range found {
		if err := collect(&p.problems, p.takeOne(m, seen)); err != nil {
			return nil, err
		}
	}
	return p.finish()
}

func (p *planner) takeOne(m match, seen map[string]match) error {
	a := p.authorities[m.row.Authority]
	if a == nil {
		return nil // what is wrong with it is reported already
	}
	if a.Signer == nil {
		return problem(a.row.CertFile(), "put the certificate of the authority there, followed by its issuers up to the root", "the %s authority's certificate is missing", a.Name)
	}
	if other, ok := seen[m.row.ID()]; ok {
		if bytes.Equal(other.cert.Raw, m.cert.Raw) {
			return nil
		}
		return problem(m.path, "bring one of them", "%s brings another certificate for the same key", other.path)
	}
	seen[m.row.ID()] = m
	chain := append([]*x509.Certificate{m.cert}, a.Signer.Intermediates()...)
	v := verdict{cert: m.cert, reasons: checkLeaf(m.row, chain, a.Signer)}
	if len(v.reasons) > 0 {
		v.state = StateWrong
	}
	if v = v.inTime(p.now, a.Signer); v.state == StateWrong || v.state == StateExpired {
		return problem(m.path, "have "+RequestFile(m.row.Node, m.row.Name)+" signed as it asks for, by the authority in "+a.row.CertFile(),
			"the certificate for %s does not fit: %s", m.row.ID(), v.reason())
	}
	return p.put(m, chain)
}

func (p *planner) put(m match, chain []*x509.Certificate) error {
	d := Decision{Name: m.row.Name, Node: m.row.Node, File: m.row.CertFile(), Action: Write, Reason: "brought by " + m.path,
		kind: kindBrought, authority: m.row.Authority, request: m.row, chain: chain}
	have, err := p.store.read(d.File)
	if err == nil && bytes.Equal(have, encodeCertificates(chain...)) {
		d.Action, d.Reason = Keep, "it stands there already"
	}
	p.decisions = append(p.decisions, d)
	return err
}

// waiting finds the row of the catalogue whose private key belongs to a public key.
type waiting map[string]Request

func (s *Store) waiting(problems *cluster.Problems) (waiting, error) {
	w := waiting{}
	for _, r := range s.catalogue().rows {
		key, err := s.readKey(r.KeyFile())
		if err := collect(problems, err); err != nil {
			return nil, err
		}
		if key == nil {
			continue
		}
		der, err := x509.MarshalPKIXPublicKey(key.Public())
		if err != nil {
			return nil, err
		}
		w[string(der)] = r
	}
	return w, nil
}

func (w waiting) find(public crypto.PublicKey) (Request, bool) {
	der, err := x509.MarshalPKIXPublicKey(public)
	r, ok := w[string(der)]
	return r, ok && err == nil
}
