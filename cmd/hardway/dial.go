package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

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
	}
	if home != "" {
		options.Config = []string{filepath.Join(home, ".ssh", "config"), systemConfig}
	}
	if me, err := user.Current(); err == nil {
		options.User = me.Username
	}
	if isTerminal(p.streams.In) && !ctx.Bool("yes") {
		options.Passphrase = p.askPassphrase
	}
	return remote.NewDialer(options)
}

// askPassphrase asks without echo.
func (p *program) askPassphrase(file string) ([]byte, error) {
	in, ok := p.streams.In.(*os.File)
	if !ok {
		return nil, errors.New("standard input is no terminal")
	}
	fmt.Fprintf(p.streams.Err, "passphrase of %s: ", file)
	defer fmt.Fprintln(p.streams.Err)
	return term.ReadPassword(int(in.Fd()))
}

// confirm asks a question that a person answers with yes; anything else is no.
func (p *program) confirm(question string) bool {
	if !isTerminal(p.streams.In) {
		return false
	}
	fmt.Fprintf(p.streams.Err, "%s [yes/no] ", question)
	answer, _ := bufio.NewReader(p.streams.In).ReadString('\n')
	return strings.TrimSpace(answer) == "yes"
}
