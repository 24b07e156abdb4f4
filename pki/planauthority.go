package pki

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"slices"
)

// planned is an authority as it stands together with what will be of it.
type planned struct {
	Authority
	row AuthorityRow
	// fresh: it will be made; window is its validity then.
	fresh  bool
	window window
}

// validity is the window of what will sign.
func (a *planned) validity() window {
	if a.fresh {
		return a.window
	}
	return a.Signer.window()
}

// planAuthorities decides on the authorities of the selection, and reads those that its leaves need besides.
func (p *planner) planAuthorities(rows []Request) error {
	needed := map[string]bool{}
	for _, r := range rows {
		needed[r.Authority] = true
	}
	for _, row := range Authorities() {
		if !needed[row.Name] && !p.selection.authority(row.Name) {
			continue
		}
		if err := collect(&p.problems, p.planAuthority(row)); err != nil {
			return err
		}
	}
	return nil
}

func (p *planner) planAuthority(row AuthorityRow) error {
	a, err := p.store.Authority(row.Name, p.now)
	if err != nil {
		return err
	}
	plan := &planned{Authority: a, row: row}
	switch {
	case a.Signer != nil && a.Signer.Key == nil && !p.options.CSROnly && !p.asked(row.Name):
		return problem(row.KeyFile(), "put the key back; where it is kept elsewhere, use --csr-only and pki import",
			"the private key of %s is missing", row.CertFile())
	case a.Signer != nil || p.options.CSROnly:
	case !p.selection.authority(row.Name):
		return problem(row.CertFile(), "hardway pki "+row.Group, "the %s authority is missing, and these certificates are signed by it", row.Name)
	default:
		if err := p.mayBeMade(row, a); err != nil {
			return err
		}
		plan.fresh, plan.window = true, windowOf(p.now, p.store.spec.PKI.Validity.CA.Duration)
	}
	p.authorities[row.Name] = plan
	if p.selection.authority(row.Name) {
		p.decideAuthority(plan)
	}
	return p.decideBundle(plan)
}

// asked reports whether signing requests of this authority stand in the work directory: its key is elsewhere on purpose.
func (p *planner) asked(authority string) bool {
	for _, r := range p.store.catalogue().rows {
		if r.Authority == authority && p.store.exists(RequestFile(r.Node, r.Name)) {
			return true
		}
	}
	return false
}

// mayBeMade refuses to make an authority where one has been: that would be a rotation without its order.
func (p *planner) mayBeMade(row AuthorityRow, a Authority) error {
	if p.asked(row.Name) {
		return problem(row.CertFile(), "put its certificate there, then pki import; to make one here after all, remove its *.csr files below "+workDir+"/",
			"the %s authority is missing, and signing requests to it are out: its key is kept elsewhere", row.Name)
	}
	if node, found := p.store.rendered(row.KeyFile(), row.Bundle); found {
		return gone(row.CertFile(), node)
	}
	if !p.store.exists(row.BundleFile()) && a.Next == nil && a.Retired == nil {
		return nil
	}
	return problem(row.CertFile(), fmt.Sprintf("put %s and %s back; to start over with a new authority, move %s away", row.CertFile(), row.KeyFile(), row.BundleFile()),
		"the %s authority is gone, but its trust bundle is still there: a new one would be trusted by nobody", row.Name)
}

func (p *planner) decideAuthority(a *planned) {
	d := Decision{Name: a.Name, File: a.row.CertFile(), Action: Keep, kind: kindAuthority, authority: a.Name}
	switch {
	case a.fresh:
		d.Action, d.NewKey, d.window = Issue, true, a.window
		d.Reason = "there is none yet; valid until " + day(a.window.NotAfter)
	case a.Signer == nil:
		d.Reason = "it is kept elsewhere: put its certificate here before pki import"
	default:
		d.Reason = "valid until " + day(a.Signer.window().NotAfter) + stage(a.Authority)
	}
	p.decisions = append(p.decisions, d)
}

// stage says where in a rotation an authority is.
func stage(a Authority) string {
	switch {
	case a.Next != nil:
		return "; a rotation is under way: the next one is trusted already"
	case a.Retired != nil:
		return "; a rotation is under way: the retired one is still trusted"
	}
	return ""
}

func (p *planner) decideBundle(a *planned) error {
	if a.Signer == nil && !a.fresh {
		return nil
	}
	d := Decision{Name: a.Name + " bundle", File: a.row.BundleFile(), Action: Keep, Reason: "it holds every accepted certificate", kind: kindBundle, authority: a.Name}
	have, err := p.store.read(d.File)
	switch {
	case err != nil:
		return err
	case have == nil:
		d.Action, d.Reason = Write, "there is none yet"
	case strangers(have, a.Trust):
		return problem(a.row.CertFile(), fmt.Sprintf("keep the certificate that was there as %s, so that it stays trusted; to start over, move %s away",
			a.row.certFile(retired), d.File), "it is another authority than the one in %s, which would be trusted no longer", d.File)
	case a.fresh || !bytes.Equal(have, encodeCertificates(a.Trust...)):
		d.Action, d.Reason = Write, "the accepted certificates have changed"
	}
	p.decisions = append(p.decisions, d)
	return nil
}

// strangers reports whether a bundle holds certificates, and none that is still to be accepted.
func strangers(bundle []byte, accepted []*x509.Certificate) bool {
	have, err := parseCertificates(bundle)
	return err == nil && !slices.ContainsFunc(have, func(c *x509.Certificate) bool { return slices.ContainsFunc(accepted, c.Equal) })
}
