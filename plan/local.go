package plan

import (
	"context"

	"hardway/artifact"
	"hardway/controlplane"
	"hardway/kubeconfig"
)

// local turns a component's plan for the work directory into an action: every decision is a row, every write a change.
func (e *Env) local(p artifact.Plan) Action {
	report := Report{Table: Table{Header: []string{"FILE", "ACTION", "WHY"}}}
	for _, d := range p.Decisions {
		report.Table.Rows = append(report.Table.Rows, []string{d.Path, string(d.Action), d.Reason})
		report.Items = append(report.Items, decision{d.Path, string(d.Action), d.Reason})
		if d.Action != artifact.Keep {
			report.Changes = append(report.Changes, Change{Subject: d.Path, Action: string(d.Action), Reason: d.Reason})
		}
	}
	if len(p.Files) == 0 {
		return Action{Report: report}
	}
	return Action{Report: report, Do: func(context.Context) (Report, error) { return done(report, e.Work.Commit(p.Files)) }}
}

// decision is what -o json says of a file.
type decision struct {
	File   string `json:"file"`
	Action string `json:"action"`
	Reason string `json:"reason"`
}

func (e *Env) kubeconfigs() []Step {
	var steps []Step
	for _, user := range kubeconfig.Users() {
		steps = append(steps, e.kubeconfig(user.Name, user.Summary, user.Name))
	}
	return append(steps, e.kubeconfig("all", "every kubeconfig of the cluster"))
}

func (e *Env) kubeconfig(name, summary string, users ...string) Step {
	return Step{
		Path:    []string{"kubeconfig", name},
		Summary: summary,
		Why: "A kubeconfig joins an address, the authority to trust there and a client certificate. These carry all three, for people " +
			"and scripts; the ones on hosts refer to files instead, because components read those again and never a kubeconfig.",
		Offline: true,
		ByHand:  kubeconfigByHand(users),
		Plan: func(context.Context) (Action, error) {
			p, err := kubeconfig.Plan(e.Work, e.Spec, users...)
			return e.local(p), err
		},
	}
}

func (e *Env) encryptionConfig() Step {
	return Step{
		Path:    []string{"encryption-config"},
		Summary: "the key that encrypts Secrets in etcd",
		Why: "Without it every Secret stands in etcd, and in every snapshot of it, as plain text. A key that exists is never made " +
			"anew: what was written with it could not be read again.",
		Offline: true,
		ByHand:  encryptionByHand,
		Plan: func(context.Context) (Action, error) {
			p, err := controlplane.PlanEncryption(e.Work, e.Spec, e.Rand)
			return e.local(p), err
		},
	}
}
