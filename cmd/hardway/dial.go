package main

import (
	"os/user"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/remote"
)

// knownHostsFile is the host keys this cluster trusts, in the work directory.
const knownHostsFile = "known_hosts"

// systemConfig is the machine's ssh_config, asked after the operator's own.
const systemConfig = "/etc/ssh/ssh_config"

func (p *program) newDialer(ctx *cli.Context, spec *cluster.Spec, work *artifact.WorkDir) *remote.Dialer {
	home, _ := p.lookup("HOME")
	agent, _ := p.lookup("SSH_AUTH_SOCK")
	options := remote.Options{
		SSH: spec.SSHFor, KnownHosts: work.Path(knownHostsFile), Home: home, AgentSocket: agent,
		Config: []string{systemConfig}, Environment: p.lookup,
		Sent: p.env.Sent,
	}
	if home != "" {
		options.Config = []string{filepath.Join(home, ".ssh", "config"), systemConfig}
	}
	if me, err := user.Current(); err == nil {
		options.User = me.Username
	}
	if asker := p.asker(ctx); asker != nil {
		options.Passphrase, options.Password = asker.passphrase, asker.password
	}
	return remote.NewDialer(options)
}

// confirm asks a question that a person answers with yes; anything else is no.
func (p *program) confirm(question string) bool {
	return p.typed(question+" [yes/no] ") == "yes"
}
