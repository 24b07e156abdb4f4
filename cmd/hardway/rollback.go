package main

import (
	"github.com/urfave/cli/v2"

	"hardway/plan"
)

// rollback puts back what the last run replaced, or lists what hosts keep.
func (p *program) rollback() command {
	s := plan.Rollback(&p.env, nil)
	return command{
		path: s.Path, args: "[HOST…]", summary: s.Summary, why: s.Why,
		flags: []cli.Flag{&cli.BoolFlag{Name: "list", Usage: "list what hosts keep: when, who, by which command"}},
		step: func(ctx *cli.Context) (plan.Step, error) {
			names := ctx.Args().Slice()
			if _, err := p.env.Spec.Only(names); err != nil {
				return plan.Step{}, usageError{err.Error()}
			}
			if ctx.Bool("list") {
				return plan.Generations(&p.env, names), nil
			}
			return plan.Rollback(&p.env, names), nil
		},
	}
}
