package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"hardway/cluster"
	"hardway/plan"
	"hardway/remote"
)

// hostsTrust records host keys after a person, or a fingerprint given beforehand, has vouched for them.
func (p *program) hostsTrust() command {
	return command{
		path: []string{"hosts", "trust"}, args: "[HOST…]",
		summary: "show the key fingerprint of each host and jump host, and record it in known_hosts",
		why: "Nothing is ever sent to a host whose key is not known. Compare each fingerprint with what `ssh-keygen -lf " +
			"/etc/ssh/ssh_host_ed25519_key.pub` says on the host's console. --yes alone trusts nothing.",
		flags: []cli.Flag{&cli.StringSliceFlag{Name: "fingerprint", Usage: "trust this key without asking, `HOST=SHA256:…`"}},
		step: func(ctx *cli.Context) (plan.Step, error) {
			expected, err := fingerprints(ctx.StringSlice("fingerprint"))
			if err != nil {
				return plan.Step{}, err
			}
			nodes, err := p.env.Spec.Only(append(p.env.Only, ctx.Args().Slice()...))
			if err != nil {
				return plan.Step{}, usageError{err.Error()}
			}
			waypoints, err := p.dialer.Waypoints(p.env.Spec.Hosts)
			if err != nil {
				return plan.Step{}, err
			}
			for host := range expected {
				if !slices.ContainsFunc(waypoints, func(w remote.Waypoint) bool { return w.Name == host }) {
					return plan.Step{}, usagef("--fingerprint: no host of the spec, and no jump host, is called %q", host)
				}
			}
			return plan.HostsTrust(&p.env, p.dialer, nodes, knownHostsFile, func(n remote.Waypoint, key remote.ShownKey) (bool, error) {
				if want, ok := expected[n.Name]; ok && want != key.Fingerprint {
					return false, cluster.Problems{{
						Host: n.Name, Subject: knownHostsFile,
						Message: fmt.Sprintf("shows %s %s, but --fingerprint says %s", key.Type, key.Fingerprint, want),
						Hint:    "look at the key on the host's console: either the fingerprint was taken from another key, or somebody is in between",
					}}
				} else if ok {
					return true, nil
				}
				return p.confirm(fmt.Sprintf("%s (%s) shows %s %s; trust it?", n.Name, n.Address, key.Type, key.Fingerprint)), nil
			}), nil
		},
	}
}

func fingerprints(given []string) (map[string]string, error) {
	expected := map[string]string{}
	for _, g := range given {
		host, fingerprint, ok := strings.Cut(g, "=")
		if !ok || !strings.HasPrefix(fingerprint, "SHA256:") {
			return nil, usagef("--fingerprint: want HOST=SHA256:…, got %q", g)
		}
		expected[host] = fingerprint
	}
	return expected, nil
}
