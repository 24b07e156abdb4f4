package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"hardway/lab"
	"hardway/plan"
)

// labProcess is a lab in a process of its own, so that its memory is not counted as hardway's.
type labProcess struct {
	dir     string
	hosts   []lab.Host
	command *exec.Cmd
	stdin   io.Closer
}

// serveWord makes this executable serve a lab: standard input is its options as JSON, and its end ends the lab.
const serveWord = "serve"

// readyLine is what the lab says on standard output once every host answers.
const readyLine = "ready\n"

// memoryDir is a directory in memory: each real host has a disk of its own, and syncs of 1,000 hosts that meet on one disk
// say nothing about them.
const memoryDir = "/dev/shm"

func startLab(ctx context.Context, hosts []lab.Host) (*labProcess, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(memoryDir, "hardway-bench-")
	if err != nil {
		return nil, err
	}
	p := &labProcess{dir: dir, hosts: hosts, command: exec.CommandContext(context.WithoutCancel(ctx), self, serveWord)}
	p.command.Stderr = os.Stderr
	if err := p.start(); err != nil {
		return nil, errors.Join(fmt.Errorf("failed to start a lab of %d hosts: %w", len(hosts), err), os.RemoveAll(dir))
	}
	return p, nil
}

func (p *labProcess) start() error {
	in, err := p.command.StdinPipe()
	if err != nil {
		return err
	}
	out, err := p.command.StdoutPipe()
	if err != nil {
		return err
	}
	p.stdin = in
	if err := p.command.Start(); err != nil {
		return err
	}
	//nolint:gosec // the pipe ends in a process of ours; the key is one that the hosts were made with
	if err := json.NewEncoder(in).Encode(lab.Options{Dir: p.dir, Hosts: p.hosts, Port: labPort}); err != nil {
		return errors.Join(err, p.end())
	}
	if said, err := bufio.NewReader(out).ReadString('\n'); said != readyLine {
		return errors.Join(fmt.Errorf("it ended: %w", err), p.end())
	}
	return nil
}

func (p *labProcess) end() error { return errors.Join(p.stdin.Close(), p.command.Wait()) }

func (p *labProcess) close() error { return errors.Join(p.end(), os.RemoveAll(p.dir)) }

func (p *labProcess) clientKey() string { return filepath.Join(p.dir, "id_ed25519") }

func (p *labProcess) knownHosts() string { return filepath.Join(p.dir, "known_hosts") }

// wipe makes the hosts' disks what they were before anything was delivered.
func (p *labProcess) wipe() error {
	for _, h := range p.hosts {
		root := filepath.Join(p.dir, h.Name, "root")
		for _, dir := range []string{"etc/haproxy", "etc/etcd", "etc/kubernetes", "etc/sysusers.d", "etc/systemd/system", "var/lib"} {
			if err := os.RemoveAll(filepath.Join(root, dir)); err != nil {
				return err
			}
		}
		if err := errors.Join(os.MkdirAll(filepath.Join(root, "etc/systemd/system"), 0o755), os.MkdirAll(filepath.Join(root, "var/lib"), 0o755)); err != nil {
			return err
		}
	}
	return nil
}

// serveLab is the lab's process.
func serveLab(ctx context.Context, in io.Reader, out io.Writer) error {
	decoder := json.NewDecoder(in)
	var options lab.Options
	if err := decoder.Decode(&options); err != nil {
		return err
	}
	l, err := lab.Start(ctx, options)
	if err != nil {
		return err
	}
	if err = os.WriteFile(filepath.Join(options.Dir, "known_hosts"), l.KnownHosts(), 0o600); err == nil {
		_, err = io.WriteString(out, readyLine)
	}
	if err == nil {
		_, err = io.Copy(io.Discard, in)
	}
	return errors.Join(err, l.Close())
}

// changedHosts is on how many hosts a run changed anything, by its JSON document.
func changedHosts(document []byte) (int, error) {
	var report struct{ Changes []plan.Change }
	if err := json.Unmarshal(document, &report); err != nil {
		return 0, fmt.Errorf("failed to read what hardway said: %w", err)
	}
	hosts := map[string]bool{}
	for _, c := range report.Changes {
		hosts[c.Host] = true
	}
	return len(hosts), nil
}
