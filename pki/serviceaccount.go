package pki

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
	d := Decision{Name: "service-account", File: private, Action: Keep, Reason: "it is made once and kept", kind: kindServiceAccount}
	switch {
	case key == nil && data != nil:
		return problem(private, "put the private key back; every token signed by it would stop being accepted",
			"the service-account key is missing while %s is there", public)
	case key == nil:
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
