package pki

import (
	"bytes"
	"fmt"
	"runtime"
	"time"

	"golang.org/x/sync/errgroup"

	"hardway/cluster"
)

// Options are what a plan can be asked for besides its groups.
type Options struct {
	// CSROnly: where an authority's key is elsewhere, write signing requests instead of certificates. No authority is made.
	CSROnly bool
}

// Plan says what the groups (names of Groups; none means all) need at the time now: what is kept, what is made and why.
// Nothing is written. Everything that a person has to sort out first is a cluster.Problems.
func (s *Store) Plan(now time.Time, groups ...string) ([]Decision, error) {
	return s.PlanWith(now, Options{}, groups...)
}

// PlanWith is Plan with options.
func (s *Store) PlanWith(now time.Time, o Options, groups ...string) ([]Decision, error) {
	sel, err := selectGroups(groups)
	if err != nil {
		return nil, err
	}
	p := &planner{store: s, now: now, options: o, selection: sel, authorities: map[string]*planned{}}
	return p.plan()
}

// planner collects decisions and problems over one run of Plan.
type planner struct {
	store       *Store
	now         time.Time
	options     Options
	selection   selection
	authorities map[string]*planned
	problems    cluster.Problems
	decisions   []Decision
}

// planned is an authority as it stands together with what will be of it.
type planned struct {
	Authority
	row AuthorityRow
	// fresh: it will be made; window is its validity then.
	fresh  bool
	window window
}

func (p *planner) plan() ([]Decision, error) {
	rows := p.rows()
	for _, step := range []func([]Request) error{p.planAuthorities, p.planServiceAccount, p.planLeaves} {
		if err := collect(&p.problems, step(rows)); err != nil {
			return nil, err
		}
	}
	return p.finish()
}

func (p *planner) finish() ([]Decision, error) {
	if len(p.problems) > 0 {
		return nil, p.problems
	}
	for i := range p.decisions {
		p.decisions[i].at = p.now
	}
	return p.decisions, nil
}

// rows is what the catalogue holds of the selected groups.
func (p *planner) rows() []Request {
	var rows []Request
	for _, r := range p.store.catalogue().rows {
		if p.selection.leaf(r) {
			rows = append(rows, r)
		}
	}
	return rows
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
		d.Action, d.window = Issue, a.window
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
	case a.fresh || !bytes.Equal(have, encodeCertificates(a.Trust...)):
		d.Action, d.Reason = Write, "the accepted certificates have changed"
	}
	p.decisions = append(p.decisions, d)
	return nil
}

// planLeaves judges all rows side by side: checking signatures is what takes the time.
func (p *planner) planLeaves(rows []Request) error {
	decisions := make([]Decision, len(rows))
	errs := make([]error, len(rows))
	var workers errgroup.Group
	workers.SetLimit(runtime.GOMAXPROCS(0))
	for i, r := range rows {
		a := p.authorities[r.Authority]
		if a == nil {
			continue // what is wrong with it is reported already
		}
		workers.Go(func() error {
			decisions[i], errs[i] = p.decideLeaf(r, a)
			return nil
		})
	}
	_ = workers.Wait()
	for _, err := range errs {
		if err := collect(&p.problems, err); err != nil {
			return err
		}
	}
	p.decisions = append(p.decisions, decisions...)
	return nil
}

func (p *planner) decideLeaf(r Request, a *planned) (Decision, error) {
	v, err := p.store.judge(r, a.Authority, p.now)
	if err != nil {
		return Decision{}, err
	}
	d := Decision{Name: r.Name, Node: r.Node, File: r.CertFile(), Reason: v.reason(), kind: kindLeaf, authority: r.Authority, request: r, keepKey: v.keepKey}
	switch {
	case v.right():
		d.Action = Keep
		return d, nil
	case !a.fresh && (a.Signer == nil || a.Signer.Key == nil):
		return p.decideRequest(d, a)
	case v.cert == nil:
		d.Action = Issue
	default:
		d.Action = Reissue
	}
	full := windowOf(p.now, p.store.spec.PKI.Validity.Leaf.Duration)
	d.window = full.within(a.validity())
	if d.window.NotAfter.Before(full.NotAfter) {
		d.Reason += fmt.Sprintf("; valid only until %s, when its authority ends", day(d.window.NotAfter))
	}
	return d, nil
}

// validity is the window of what will sign.
func (a *planned) validity() window {
	if a.fresh {
		return a.window
	}
	return a.Signer.window()
}
