package main

import (
	"bufio"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"hardway/cluster"
	"hardway/plan"
)

// reset takes hardway off hosts, after the cluster's name was typed.
func (p *program) reset() command {
	s := plan.Reset(&p.env, plan.Resetting{})
	return command{
		path: s.Path, summary: s.Summary, why: s.Why,
		flags: []cli.Flag{&cli.BoolFlag{Name: "snapshots", Usage: "take off the snapshots that etcd hosts have saved by themselves, too"}},
		step: func(ctx *cli.Context) (plan.Step, error) {
			return plan.Reset(&p.env, plan.Resetting{Snapshots: ctx.Bool("snapshots"), Approve: p.approveByName(ctx.Bool("yes"))}), nil
		},
	}
}

// approveByName shows what would be done and wants the cluster's name typed: a "yes" is given too soon.
func (p *program) approveByName(yes bool) func(string, int) error {
	return func(shown string, hosts int) error {
		if yes {
			return nil
		}
		for line := range strings.Lines(shown) {
			fmt.Fprintln(p.streams.Err, printable(strings.TrimSuffix(line, "\n")))
		}
		name := p.env.Spec.Name
		if p.typed(fmt.Sprintf("All of this goes from %d hosts, with the data on them. Type the cluster's name (%s) to go on: ", hosts, name)) == name {
			return nil
		}
		return cluster.Problems{{
			Message: "the cluster's name was not typed, so nothing was changed",
			Hint:    "type " + name + " when asked, or give --yes; --dry-run shows what would be done and asks nothing",
		}}
	}
}

// typed is the line that a person types, empty where there is no terminal.
func (p *program) typed(question string) (line string) {
	if !isTerminal(p.streams.In) {
		return ""
	}
	p.undisturbed(func() {
		fmt.Fprint(p.streams.Err, printable(question))
		line, _ = bufio.NewReader(p.streams.In).ReadString('\n')
	})
	return strings.TrimSpace(line)
}
