package main

import (
	"time"

	"github.com/urfave/cli/v2"

	"hardway/plan"
)

// monitoring prints values.
func (p *program) monitoring() command {
	s := plan.Monitoring(&p.env)
	return command{path: s.Path, summary: s.Summary, why: s.Why, step: func(*cli.Context) (plan.Step, error) { return s, nil }}
}

// pkiExtras is what can be done with certificates besides issuing them.
func (p *program) pkiExtras() []command {
	list := plan.CertsList(&p.env)
	check := plan.CertsCheck(&p.env, 0)
	approve := plan.PKIApprove(&p.env)
	take := plan.PKIImport(&p.env, nil)
	return []command{
		{
			path: take.Path, args: "FILE…", summary: take.Summary, why: take.Why,
			step: func(ctx *cli.Context) (plan.Step, error) {
				if ctx.NArg() == 0 {
					return plan.Step{}, usagef("`pki import` needs the files, or directories, of signed certificates")
				}
				return plan.PKIImport(&p.env, ctx.Args().Slice()), nil
			},
		},
		{path: approve.Path, summary: approve.Summary, why: approve.Why, step: func(*cli.Context) (plan.Step, error) { return approve, nil }},
		{path: list.Path, summary: list.Summary, why: list.Why, step: func(*cli.Context) (plan.Step, error) { return list, nil }},
		{
			path: check.Path, summary: check.Summary, why: check.Why,
			flags: []cli.Flag{&cli.DurationFlag{Name: "within", Value: 720 * time.Hour, Usage: "how soon is soon, as in `720h`"}},
			step: func(ctx *cli.Context) (plan.Step, error) {
				return plan.CertsCheck(&p.env, ctx.Duration("within")), nil
			},
		},
	}
}
