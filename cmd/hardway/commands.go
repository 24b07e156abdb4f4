package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"hardway/pki"
	"hardway/plan"
)

// command is one leaf of the command tree.
type command struct {
	path         []string
	args         string
	summary, why string
	flags        []cli.Flag
	// step makes what the command runs; direct is for the few that need no cluster.yaml.
	step   func(*cli.Context) (plan.Step, error)
	direct func(*cli.Context) error
}

// commands is the steps of the plan, and what stands around them.
func (p *program) commands() []command {
	list := []command{
		p.initCommand(),
		p.up(),
		p.explain(),
	}
	for _, s := range plan.Steps(&p.env) {
		list = append(list, p.fromStep(s))
	}
	list = append(list, p.etcdLife()...)
	list = append(list, p.pkiExtras()...)
	list = append(list, p.monitoring(), p.hostsTrust(), p.hostsRemove(), p.rollback(), p.unlock(), p.reset())
	return append(list, p.completions()...)
}

// fromStep is a step as a command; the groups of pki can ask for signing requests besides.
func (p *program) fromStep(s plan.Step) command {
	c := command{
		path: s.Path, summary: s.Summary, why: s.Why,
		step: func(*cli.Context) (plan.Step, error) { return s, nil },
	}
	if s.Name() == "preflight" {
		return p.preflight(s)
	}
	groups := pki.Groups()
	i := slices.IndexFunc(groups, func(g pki.Group) bool { return s.Path[0] == "pki" && g.Name == s.Path[len(s.Path)-1] })
	if i >= 0 {
		c.flags = []cli.Flag{&cli.BoolFlag{Name: "csr-only", Usage: "write signing requests for an authority whose key is elsewhere"}}
		c.step = func(ctx *cli.Context) (plan.Step, error) {
			return plan.PKI(&p.env, groups[i], pki.Options{CSROnly: ctx.Bool("csr-only")}), nil
		}
	}
	return c
}

// up runs every step of the main job.
func (p *program) up() command {
	return command{
		path: []string{"up"}, summary: "everything, from the spec to a verified cluster; finishes what was begun",
		flags: []cli.Flag{&cli.StringSliceFlag{Name: "skip", Usage: "leave steps out, `STEP,…`, and what needs them: names as typed, such as \"apply controlplane\""}},
		step: func(ctx *cli.Context) (plan.Step, error) {
			skip := ctx.StringSlice("skip")
			for _, name := range skip {
				if !slices.Contains(plan.Skippable(), name) {
					return plan.Step{}, usagef("--skip: `up` has no step %q: want some of %s", name, strings.Join(plan.Skippable(), ", "))
				}
			}
			return plan.UpStep(&p.env, ctx.Bool("dry-run"), skip...), nil
		},
	}
}

// groupSummary is the help line of words that only hold subcommands.
func groupSummary(word string) string {
	return map[string]string{
		"binaries":   "the executables that hosts run",
		"apply":      "ship what is rendered and restart what is stale, behind gates",
		"certs":      "how long certificates are valid",
		"completion": "shell completion",
		"alarm":      "what stops writes to etcd",
		"etcd":       "etcd's members: how they are, backup, restore, replacement",
		"snapshot":   "etcd's data in a file",
		"hosts":      "the hosts and their keys",
		"kubeconfig": "kubeconfigs for people and scripts",
		"pki":        "authorities, certificates and keys",
		"render":     "write the files of each host under hosts/",
	}[word]
}
