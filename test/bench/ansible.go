package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"hardway/test/sshd"
)

// play is files that ansible-playbook copies to servers, for each to a directory of its own.
type play struct {
	files   []string
	servers []*sshd.Server
	landing func(i int) string
}

// playbook copies each file with a task of its own, and gathers nothing that copying does not need.
func (p play) playbook() string {
	var b strings.Builder
	b.WriteString("- hosts: all\n  gather_facts: false\n  tasks:\n")
	for _, file := range p.files {
		fmt.Fprintf(&b, "  - ansible.builtin.copy: {src: %q, dest: \"{{ landing }}/%s\", mode: \"0600\"}\n", file, filepath.Base(file))
	}
	return b.String()
}

// inventory names the interpreter, so that none is searched for.
func (p play) inventory(python string) string {
	var b strings.Builder
	for i, s := range p.servers {
		fmt.Fprintf(&b, "host%d ansible_host=%s ansible_port=%d ansible_user=%s ansible_python_interpreter=%s ansible_ssh_common_args='%s' landing=%s\n",
			i+1, s.Address, s.Port, s.User, python, strings.Join(sshOptions(s), " "), p.landing(i))
	}
	return b.String()
}

// run is ansible-playbook with its defaults, which share one SSH connection among all tasks of a host, and a fork for each
// host. Those connections would outlive it and spare the next run the handshakes, so they are ended, outside of what is timed.
func (p play) run(ctx context.Context) (_ time.Duration, err error) {
	python, err := exec.LookPath("python3")
	if err != nil {
		return 0, err
	}
	// Below the system's directory for temporary files: the path of a socket must not be long.
	home, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(home)
	for name, text := range map[string]string{"hosts": p.inventory(python), "playbook.yaml": p.playbook(), "ansible.cfg": ""} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(text), 0o600); err != nil {
			return 0, err
		}
	}
	defer func() {
		for _, s := range p.servers {
			err = errors.Join(err, endShared(ctx, socketOf(home, s), s))
		}
	}()
	return timed(ctx, home, []string{
		"ANSIBLE_HOME=" + home, "ANSIBLE_CONFIG=" + filepath.Join(home, "ansible.cfg"), "ANSIBLE_SSH_CONTROL_PATH=" + filepath.Join(home, "%%h"),
		"ANSIBLE_REMOTE_TEMP=" + filepath.Join(home, "remote"), "ANSIBLE_FORKS=" + strconv.Itoa(len(p.servers)), "LC_ALL=C.UTF-8",
	}, "ansible-playbook", "-i", "hosts", "playbook.yaml")
}

// socketOf is where the connection to a server is shared.
func socketOf(home string, s *sshd.Server) string { return filepath.Join(home, s.Address) }

func endShared(ctx context.Context, socket string, s *sshd.Server) error {
	if _, err := os.Stat(socket); err != nil {
		return nil //nolint:nilerr // nothing was shared
	}
	_, err := timed(context.WithoutCancel(ctx), "", nil, "ssh", "-O", "exit", "-S", socket, "-p", strconv.Itoa(s.Port), s.User+"@"+s.Address)
	return err
}
