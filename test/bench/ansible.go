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
)

// playbook copies each file with a task of its own, and gathers nothing that copying does not need.
func (c *copying) playbook(dir string) string {
	var b strings.Builder
	b.WriteString("- hosts: all\n  gather_facts: false\n  tasks:\n")
	for _, file := range c.files {
		fmt.Fprintf(&b, "  - ansible.builtin.copy: {src: %q, dest: %q, mode: \"0600\"}\n", file, filepath.Join(dir, filepath.Base(file)))
	}
	return b.String()
}

// inventory names the interpreter, so that none is searched for.
func (c *copying) inventory(python string) string {
	args := strings.Join(c.ssh(), " ")
	return fmt.Sprintf("host ansible_host=%s ansible_port=%d ansible_user=%s ansible_python_interpreter=%s ansible_ssh_common_args='%s'\n",
		c.server.Address, c.server.Port, c.server.User, python, args)
}

// ansible is ansible-playbook with its defaults, which share one SSH connection among all tasks. That connection would
// outlive it and spare the next run the handshake, so it is ended, outside of what is timed.
func (c *copying) ansible(ctx context.Context, dir string) (_ time.Duration, err error) {
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
	for name, text := range map[string]string{"hosts": c.inventory(python), "playbook.yaml": c.playbook(dir), "ansible.cfg": ""} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(text), 0o600); err != nil {
			return 0, err
		}
	}
	socket := filepath.Join(home, "control")
	defer func() { err = errors.Join(err, c.endShared(ctx, socket)) }()
	return timed(ctx, home, []string{
		"ANSIBLE_HOME=" + home, "ANSIBLE_CONFIG=" + filepath.Join(home, "ansible.cfg"), "ANSIBLE_SSH_CONTROL_PATH=" + socket,
		"ANSIBLE_REMOTE_TEMP=" + filepath.Join(home, "remote"), "LC_ALL=C.UTF-8",
	}, "ansible-playbook", "-i", "hosts", "playbook.yaml")
}

func (c *copying) endShared(ctx context.Context, socket string) error {
	if _, err := os.Stat(socket); err != nil {
		return nil //nolint:nilerr // nothing was shared
	}
	_, err := timed(context.WithoutCancel(ctx), "", nil, "ssh", "-O", "exit", "-S", socket, "-p", strconv.Itoa(c.server.Port), c.server.User+"@"+c.server.Address)
	return err
}
