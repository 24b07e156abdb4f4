package pki

import "crypto"

// planServiceAccount decides on the pair that signs service-account tokens. Its key is made once and never replaced:
// every token out there would stop being accepted.
func (p *planner) planServiceAccount([]Request) error {
	if !p.selection.serviceAccount() {
		return nil
	}
	private, public := File(ServiceAccountKey), File(ServiceAccountPublic)
	key, err := p.store.readKey(private)
	if err != nil {
		return err
	}
	data, err := p.store.read(public)
	if err != nil {
		return err
	}
	if key != nil {
		if err := p.ownKey(private, key); err != nil {
			return err
		}
	}
	d := Decision{Name: "service-account", File: private, Action: Keep, Reason: "it is made once and kept", kind: kindServiceAccount}
	switch {
	case key == nil && data != nil:
		return problem(private, "put the private key back; every token signed by it would stop being accepted",
			"the service-account key is missing while %s is there", public)
	case key == nil:
		if node, found := p.store.rendered(private, ServiceAccountPublic); found {
			return gone(private, node)
		}
		d.Action, d.NewKey, d.Reason = Issue, true, "there is none yet"
	case data == nil:
		d = Decision{Name: "service-account", File: public, Action: Write, Reason: "it is derived from " + private, kind: kindPublicKey}
	default:
		have, err := parsePublicKey(data)
		if err != nil {
			return problem(public, "move it away, it is derived from "+private, "%v", err)
		}
		if !samePublic(have, key.Public()) {
			return problem(public, "put the pair back that belongs together; if "+private+" is the right one, move "+public+" away",
				"it is not the public half of %s", private)
		}
	}
	p.decisions = append(p.decisions, d)
	return nil
}

// ownKey refuses the key of an authority: whoever could sign tokens could then make any certificate, too.
func (p *planner) ownKey(file string, key crypto.Signer) error {
	for _, row := range Authorities() {
		for _, generation := range []string{current, next, retired} {
			// What is wrong with an authority is reported where it is planned.
			certs, err := p.store.readCertificates(row.certFile(generation))
			if err == nil && len(certs) > 0 && samePublic(key.Public(), certs[0].PublicKey) {
				return problem(file, "put the cluster's service-account key there; if there never was one, move it away with "+File(ServiceAccountPublic)+" to have one made",
					"it is the private key of %s, and tokens need a key of their own", row.certFile(generation))
			}
		}
	}
	return nil
}
