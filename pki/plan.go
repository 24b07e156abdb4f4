package pki

import (
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
	d.NewKey = !v.keepKey
	full := windowOf(p.now, p.store.spec.PKI.Validity.Leaf.Duration)
	d.window = full.within(a.validity())
	if d.window.NotAfter.Before(full.NotAfter) {
		d.Reason += fmt.Sprintf("; valid only until %s, when its authority ends", day(d.window.NotAfter))
	}
	return d, nil
}
