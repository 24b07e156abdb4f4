package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"hardway/check"
	"hardway/plan"
)

// preflight gives the step its flags.
func (p *program) preflight(s plan.Step) command {
	return command{
		path: s.Path, summary: s.Summary, why: s.Why,
		flags: []cli.Flag{
			&cli.BoolFlag{Name: "fix", Usage: "do what is safe: load modules, set what the kernel needs, end swap; shown first, asks"},
			&cli.BoolFlag{Name: "ports", Usage: "print which ports have to be open between which hosts, also as firewall rules; offline"},
			&cli.StringFlag{Name: "firewall", Value: check.Firewalls()[0], Usage: "whose rules --ports prints: `" + strings.Join(check.Firewalls(), "`, ")},
		},
		step: func(ctx *cli.Context) (plan.Step, error) {
			firewall := ctx.String("firewall")
			switch known := slices.Contains(check.Firewalls(), firewall); {
			case !known:
				return plan.Step{}, usagef("--firewall: want one of %v, got %q", check.Firewalls(), firewall)
			case ctx.Bool("ports") && ctx.Bool("fix"):
				return plan.Step{}, usagef("--ports changes nothing: give it or --fix")
			case ctx.Bool("fix"):
				return plan.PreflightFix(&p.env, p.approve(ctx.Bool("yes"))), nil
			case ctx.Bool("ports"):
				return plan.PreflightPorts(&p.env, firewall), nil
			case ctx.IsSet("firewall"):
				return plan.Step{}, usagef("--firewall is for `preflight --ports`")
			}
			return s, nil
		},
	}
}

// approve shows a difference and asks.
func (p *program) approve(yes bool) func(string) error {
	return func(difference string) error {
		for line := range strings.Lines(difference) {
			fmt.Fprintln(p.streams.Err, printable(strings.TrimSuffix(line, "\n")))
		}
		if yes || p.confirm("do this?") {
			return nil
		}
		return plan.NotApproved()
	}
}
