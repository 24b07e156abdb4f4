package main

import (
	"strings"

	"github.com/urfave/cli/v2"

	"hardway/plan"
)

// etcdLife is the commands of etcd's operation.
func (p *program) etcdLife() []command {
	var list []command
	for _, s := range plan.EtcdLife(&p.env) {
		c := p.fromStep(s)
		if of, special := p.etcdSpecials()[s.Name()]; special {
			of(&c)
		}
		list = append(list, c)
	}
	return list
}

// etcdSpecials is what commands take besides.
func (p *program) etcdSpecials() map[string]func(*command) {
	return map[string]func(*command){
		"etcd snapshot save": func(c *command) {
			c.args = "[FILE]"
			c.step = func(ctx *cli.Context) (plan.Step, error) {
				if err := atMostOne(*c, ctx); err != nil {
					return plan.Step{}, err
				}
				return plan.EtcdSnapshotSave(&p.env, ctx.Args().First(), ctx.String("from-member")), nil
			}
			c.flags = []cli.Flag{&cli.StringFlag{Name: "from-member", Usage: "the data of a member that is stopped: what is left where a quorum is lost, `NAME`"}}
		},
		"etcd snapshot restore": func(c *command) {
			c.args = "FILE"
			c.flags = []cli.Flag{&cli.BoolFlag{Name: "move-aside", Usage: "replace data of before, which is kept beside the new"}}
			c.step = func(ctx *cli.Context) (plan.Step, error) {
				if err := exactlyOne(*c, ctx); err != nil {
					return plan.Step{}, err
				}
				return plan.EtcdSnapshotRestore(&p.env, ctx.Args().First(), ctx.Bool("move-aside")), nil
			}
		},
		"etcd replace": func(c *command) {
			c.args = "MEMBER"
			c.flags = []cli.Flag{&cli.DurationFlag{Name: "within", Usage: "how long the new member may take to catch up, `10m` (default: the spec's rollout.gateTimeout)"}}
			c.step = func(ctx *cli.Context) (plan.Step, error) {
				if err := exactlyOne(*c, ctx); err != nil {
					return plan.Step{}, err
				}
				if ctx.Duration("within") < 0 {
					return plan.Step{}, usagef("--within: want a duration above 0, got %s", ctx.Duration("within"))
				}
				return plan.EtcdReplace(&p.env, ctx.Args().First(), plan.Replacing{Force: ctx.Bool("yes"), Within: ctx.Duration("within")}), nil
			}
		},
		"etcd defrag": func(c *command) {
			c.flags = []cli.Flag{&cli.BoolFlag{Name: "compact", Usage: "forget the history of all keys first: what a NOSPACE alarm wants"}}
			c.step = func(ctx *cli.Context) (plan.Step, error) { return plan.EtcdDefrag(&p.env, ctx.Bool("compact")), nil }
		},
	}
}

func atMostOne(c command, ctx *cli.Context) error {
	if ctx.Args().Len() > 1 {
		return usagef("`%s` takes one name, got %d", strings.Join(c.path, " "), ctx.Args().Len())
	}
	return nil
}

func exactlyOne(c command, ctx *cli.Context) error {
	if ctx.Args().Len() != 1 {
		return usagef("`%s` takes one %s, got %d", strings.Join(c.path, " "), c.args, ctx.Args().Len())
	}
	return nil
}
