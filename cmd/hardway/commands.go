package main

import (
	"github.com/urfave/cli/v2"

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
	var list []command
	for _, s := range plan.Steps(&p.env) {
		list = append(list, fromStep(s))
	}
	return list
}

func fromStep(s plan.Step) command {
	return command{
		path: s.Path, summary: s.Summary, why: s.Why,
		step: func(*cli.Context) (plan.Step, error) { return s, nil },
	}
}

// groupSummary is the help line of words that only hold subcommands.
func groupSummary(word string) string {
	return map[string]string{
		"hosts":      "the hosts and their keys",
		"pki":        "authorities, certificates and keys",
		"certs":      "how long certificates are valid",
		"kubeconfig": "kubeconfigs for people and scripts",
		"render":     "write the files of each host under hosts/",
		"apply":      "ship what is rendered and restart what is stale, behind gates",
		"etcd":       "etcd's membership",
	}[word]
}
