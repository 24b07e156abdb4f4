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
				return plan.EtcdSnapshotSave(&p.env, ctx.Args().First()), nil
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
