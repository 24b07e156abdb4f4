package plan

import (
	"context"
	"fmt"

	"hardway/pki"
)

const whyPKI = "Every connection in a cluster is between two parties that prove with a certificate who they are. Certificates that are " +
	"right are kept; what is missing or no longer right is made, and the reason told. An authority or a service-account key that " +
	"exists is never replaced."

// tellEvery is how many certificates are made between two lines of progress: about one a second.
const tellEvery = 500

// pki is a step per group of the catalogue.
func (e *Env) pki() []Step {
	var steps []Step
	for _, g := range pki.Groups() {
		steps = append(steps, PKI(e, g, pki.Options{}))
	}
	return steps
}

// PKI issues what one group of the catalogue needs.
func PKI(e *Env, g pki.Group, options pki.Options) Step {
	return Step{
		Path: []string{"pki", g.Name}, Summary: g.Summary, Why: whyPKI, Offline: true, ByHand: pkiByHand(g.Name),
		Plan: func(context.Context) (Action, error) {
			store := e.store()
			decisions, err := store.PlanWith(e.Now(), options, g.Name)
			if err != nil {
				return Action{}, err
			}
			return e.certificates(store, decisions), nil
		},
	}
}

// certificates turns decisions into an action: every decision is a row, every one that writes a change.
func (e *Env) certificates(store *pki.Store, decisions []pki.Decision) Action {
	report := Report{Table: Table{Header: []string{"NODE", "NAME", "FILE", "ACTION", "WHY"}}}
	if len(decisions) == 0 {
		report.Notes = []string{"this cluster has none of these"}
	}
	changes := false
	for _, d := range decisions {
		report.Table.Rows = append(report.Table.Rows, []string{d.Node, d.Name, d.File, string(d.Action), d.Reason})
		report.Items = append(report.Items, d)
		if d.Changes() {
			changes = true
			report.Changes = append(report.Changes, Change{d.Node, d.File, string(d.Action), d.Reason})
		}
	}
	if !changes {
		return Action{Report: report}
	}
	return Action{Report: report, Do: func(ctx context.Context) (Report, error) {
		tell := func(made, total int) {
			if made%tellEvery == 0 {
				e.tell("pki", "", fmt.Sprintf("%d of %d certificates made", made, total))
			}
		}
		return done(report, store.ApplyTelling(ctx, decisions, tell))
	}}
}
