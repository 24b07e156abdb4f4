package main

import (
	"time"

	"github.com/urfave/cli/v2"

	"hardway/manifests"
	"hardway/plan"
)

// drainTimeout is how long pods may take to be gone: budgets that never allow it would keep a script waiting for ever.
const drainTimeout = 5 * time.Minute

// hostsRemove takes a host out of the cluster.
func (p *program) hostsRemove() command {
	s := plan.HostsRemove(&p.env, "", plan.Removing{})
	c := command{
		path: s.Path, args: "HOST", summary: s.Summary, why: s.Why,
		flags: []cli.Flag{
			&cli.BoolFlag{Name: "force", Usage: "evict pods, too, that no controller makes anew elsewhere"},
			&cli.BoolFlag{Name: "delete-emptydir-data", Usage: "evict pods, too, whose emptyDir volumes go with them"},
			&cli.DurationFlag{Name: "timeout", Value: drainTimeout, Usage: "how long pods may take to be gone, `5m`; 0 waits for ever"},
			&cli.BoolFlag{Name: "dead", Usage: "the machine is gone for good: nothing is done on it, and it may be out of cluster.yaml already"},
		},
	}
	c.step = func(ctx *cli.Context) (plan.Step, error) {
		if err := exactlyOne(c, ctx); err != nil {
			return plan.Step{}, err
		}
		if ctx.Duration("timeout") < 0 {
			return plan.Step{}, usagef("--timeout: want a duration of 0 or more, got %s", ctx.Duration("timeout"))
		}
		return plan.HostsRemove(&p.env, ctx.Args().First(), plan.Removing{
			Draining: manifests.Draining{Force: ctx.Bool("force"), DeleteData: ctx.Bool("delete-emptydir-data"), Timeout: ctx.Duration("timeout")},
			Dead:     ctx.Bool("dead"), Approve: p.approve(ctx.Bool("yes")),
		}), nil
	}
	return c
}
