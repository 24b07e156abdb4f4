package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"hardway/plan"
)

// explain says what steps do, why, and how it is done by hand.
func (p *program) explain() command {
	return command{
		path: []string{"explain"}, args: "[STEP…]",
		summary: "what a step does, why, and the commands that would do it by hand, for this cluster",
		flags:   []cli.Flag{&cli.BoolFlag{Name: "script", Usage: "print the commands as a bash script"}},
		step: func(ctx *cli.Context) (plan.Step, error) {
			steps, err := p.chosen(ctx.Args().Slice())
			if err != nil {
				return plan.Step{}, err
			}
			return plan.Explain(&p.env, steps, ctx.Bool("script")), nil
		},
	}
}

// chosen is the steps whose words the names are; without names the main job's.
func (p *program) chosen(names []string) ([]plan.Step, error) {
	if len(names) == 0 {
		return plan.Up(&p.env), nil
	}
	wanted := strings.Join(names, " ")
	var known []string
	for _, s := range append(plan.Steps(&p.env), plan.Asides(&p.env)...) {
		if s.Name() == wanted {
			return []plan.Step{s}, nil
		}
		known = append(known, s.Name())
	}
	return nil, usageError{fmt.Sprintf("no step is called %q: want one of %s", wanted, strings.Join(known, ", "))}
}
