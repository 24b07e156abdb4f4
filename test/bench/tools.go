package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// check makes sure, before anything is measured, that every tool is there.
func (b *bench) check(only string) error {
	if _, err := os.Stat(b.hardway); err != nil {
		return fmt.Errorf("failed to find hardway, run this from the root of the checkout after `make build`: %w", err)
	}
	for _, group := range benches {
		if !strings.HasPrefix(group.name, only) {
			continue
		}
		for _, tool := range group.needs {
			if err := find(tool); err != nil {
				return err
			}
		}
	}
	return nil
}

// find looks where root's commands are, too.
func find(tool string) error {
	if _, err := exec.LookPath(tool); err == nil {
		return nil
	}
	if _, err := os.Stat("/usr/sbin/" + tool); err == nil {
		return nil
	}
	return fmt.Errorf("failed to find %s, which this measures against: `make bench` installs or builds all that it needs, and looks for it there", tool)
}

// timed is how long a command takes from start to exit. What it says is part of the error.
func timed(ctx context.Context, dir string, env []string, name string, args ...string) (time.Duration, error) {
	command := exec.CommandContext(ctx, name, args...) //nolint:gosec // what benches measure is their own choice
	command.Dir, command.Env = dir, append(os.Environ(), env...)
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	began := time.Now()
	if err := command.Run(); err != nil {
		return 0, fmt.Errorf("failed to run %s: %w: %s", name, err, tail(said.String()))
	}
	return time.Since(began), nil
}

// tail is the last lines of what a command said.
func tail(text string) string {
	const most = 2000
	text = strings.TrimSpace(text)
	return text[max(0, len(text)-most):]
}
