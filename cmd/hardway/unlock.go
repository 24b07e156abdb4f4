package main

import (
	"github.com/urfave/cli/v2"

	"hardway/plan"
)

// unlock lists locks, or breaks those of a name.
func (p *program) unlock() command {
	s := plan.Unlock(&p.env, "", false)
	return command{
		path: s.Path, args: "[NAME]", summary: s.Summary, why: s.Why,
		step: func(ctx *cli.Context) (plan.Step, error) {
			if ctx.Args().Len() > 1 {
				return plan.Step{}, usagef("`unlock` takes one name, got %d", ctx.Args().Len())
			}
			return plan.Unlock(&p.env, ctx.Args().First(), ctx.Bool("yes")), nil
		},
	}
}
