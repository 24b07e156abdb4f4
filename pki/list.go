package pki

import (
	"crypto/x509"
	"fmt"
	"path"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"hardway/cluster"
)

// Certificate is one row of `pki list`.
type Certificate struct {
	Name string `json:"name"`
	// File is relative to the work directory.
	File    string   `json:"file"`
	Node    string   `json:"node"`
	Subject string   `json:"subject"`
	SANs    []string `json:"sans"`
	Issuer  string   `json:"issuer"`
	// Serial is in hex.
	Serial string `json:"serial"`
	// NotBefore and NotAfter are nil where no certificate can be read.
	NotBefore    *time.Time `json:"notBefore"`
	NotAfter     *time.Time `json:"notAfter"`
	KeyAlgorithm string     `json:"keyAlgorithm"`
	// Holders is every place on hosts, as node:/path.
	Holders []string `json:"holders"`
	State   State    `json:"state"`
	Reason  string   `json:"reason"`

	group string
}

// List is every certificate that stands in the work directory or should: the authorities with all their generations
// and issuers, then the leaves in the catalogue's order.
func (s *Store) List(now time.Time) []Certificate {
	l := lister{store: s, now: now, authorities: map[string]Authority{}}
	var rows []Certificate
	for _, row := range Authorities() {
		rows = append(rows, l.authority(row)...)
	}
	leaves := make([]Certificate, len(s.catalogue().rows))
	var workers errgroup.Group
	workers.SetLimit(runtime.GOMAXPROCS(0))
	for i, r := range s.catalogue().rows {
		workers.Go(func() error {
			leaves[i] = l.leaf(r)
			return nil
		})
	}
	_ = workers.Wait() // no row fails: what is wrong stands in it
	return append(rows, leaves...)
}

// lister makes the rows of one List.
type lister struct {
	store       *Store
	now         time.Time
	authorities map[string]Authority
}

func (l lister) leaf(r Request) Certificate {
	v, _ := l.store.judge(r, l.authorities[r.Authority], l.now) // its problem is the verdict's reason
	c := describe(v.cert)
	c.Name, c.Node, c.File, c.State, c.Reason, c.group = r.Name, r.Node, r.CertFile(), v.state, v.reason(), r.Group
	if v.cert == nil && l.store.exists(RequestFile(r.Node, r.Name)) {
		c.Reason += "; its request waits to be signed"
	}
	for _, h := range r.Holders {
		c.Holders = append(c.Holders, h.String())
	}
	if r.Secret != (Secret{}) {
		c.Holders = append(c.Holders, r.Secret.String())
	}
	return c
}

// describe fills in what a certificate says of itself; nil gives empty fields.
func describe(cert *x509.Certificate) Certificate {
	if cert == nil {
		return Certificate{SANs: []string{}, Holders: []string{}}
	}
	return Certificate{
		Subject: cert.Subject.String(), SANs: sansOf(cert), Issuer: cert.Issuer.String(), Serial: fmt.Sprintf("%x", cert.SerialNumber),
		NotBefore: &cert.NotBefore, NotAfter: &cert.NotAfter, KeyAlgorithm: keyAlgorithm(cert.PublicKey), Holders: []string{},
	}
}

// authority is the rows of one authority; it is remembered for its leaves.
func (l lister) authority(row AuthorityRow) []Certificate {
	a, err := l.store.Authority(row.Name, l.now)
	l.authorities[row.Name] = a
	var rows []Certificate
	for _, g := range []struct {
		suffix string
		pair   *Pair
	}{{current, a.Signer}, {next, a.Next}, {retired, a.Retired}} {
		base := Certificate{Name: row.Name + strings.Replace(g.suffix, ".", " ", 1), File: row.certFile(g.suffix), group: row.Group}
		base.Reason = problemWith(err, row.certFile(g.suffix), row.keyFile(g.suffix))
		switch {
		case g.pair != nil:
			rows = append(rows, l.chain(row, base, g.pair)...)
		case g.suffix == current || base.Reason != "":
			rows = append(rows, absent(base))
		}
	}
	return rows
}

func absent(base Certificate) Certificate {
	c := describe(nil)
	c.Name, c.File, c.group, c.State, c.Reason = base.Name, base.File, base.group, StateWrong, base.Reason
	if c.Reason == "" {
		c.State, c.Reason = StateMissing, "there is none yet"
	}
	return c
}

// chain is a row for the certificate that signs and one for each of its issuers.
func (l lister) chain(row AuthorityRow, base Certificate, pair *Pair) []Certificate {
	var rows []Certificate
	for i, cert := range pair.Chain {
		c := describe(cert)
		c.Name, c.File, c.group = base.Name, base.File, base.group
		if i > 0 {
			c.Name = fmt.Sprintf("%s issuer %d", base.Name, i)
		}
		c.Holders = l.holders(row, i == 0 && base.File == row.CertFile())
		c.State, c.Reason = l.inTime(cert)
		if base.Reason != "" && c.State != StateExpired {
			c.State, c.Reason = StateWrong, base.Reason
		}
		rows = append(rows, c)
	}
	return rows
}

func (l lister) inTime(cert *x509.Certificate) (State, string) {
	switch {
	case l.now.After(cert.NotAfter):
		return StateExpired, "it expired on " + day(cert.NotAfter)
	case !l.now.Before(renewFrom(cert)):
		return StateExpiring, "it expires on " + day(cert.NotAfter) + ": rotate it"
	}
	return StateValid, "valid until " + day(cert.NotAfter)
}

// holders is every place of an authority's bundle, and of its signing certificate.
func (l lister) holders(row AuthorityRow, signer bool) []string {
	holders := []string{}
	for _, node := range l.store.spec.Hosts {
		for _, p := range placements() {
			if p.on(l.store.spec, node) && (p.source == row.BundleFile() || signer && p.source == row.CertFile()) {
				holders = append(holders, node.Name+":"+path.Join(p.dir, p.base))
			}
		}
	}
	return holders
}

// problemWith is what an authority's error says about one generation's files; empty for nothing.
func problemWith(err error, files ...string) string {
	for _, p := range cluster.ProblemsOf(err) {
		if slices.Contains(files, p.Subject) {
			return p.Message
		}
	}
	return ""
}
