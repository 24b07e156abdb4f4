package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"
	"github.com/urfave/cli/v2"
)

// down stops the lab, whatever state it is in.
func (p *program) down(ctx *cli.Context) error {
	at, err := placeOf(ctx)
	if err != nil {
		return err
	}
	d, err := at.driver()
	if err != nil {
		return err
	}
	if err := d.stop(ctx.Context, ctx.Bool("purge")); err != nil {
		return err
	}
	if !ctx.Bool("purge") {
		fmt.Fprintf(p.streams.Err, "the lab in %s is down; hardway-lab up goes on where it was\n", at.dir)
		return nil
	}
	return at.purge()
}

// running is the process id of the lab that runs there; 0 without one.
func (p place) running() (int, error) {
	if _, err := os.Stat(p.pid()); errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	lock := flock.New(p.pid(), flock.SetFlag(os.O_RDONLY))
	free, err := lock.TryLock()
	if err != nil {
		return 0, fmt.Errorf("failed to see whether a lab runs in %s: %w", p.dir, err)
	}
	if free {
		return 0, lock.Unlock()
	}
	data, err := os.ReadFile(p.pid())
	if err != nil {
		return 0, fmt.Errorf("failed to see whether a lab runs in %s: %w", p.dir, err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil || !p.serves(pid) {
		return 0, fmt.Errorf("%s is locked by something that is no lab", p.pid())
	}
	return pid, nil
}

// serves reports whether the process is this directory's lab.
func (p place) serves(pid int) bool {
	data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "cmdline"))
	words := strings.Split(string(bytes.TrimSuffix(data, []byte{0})), "\x00")
	return err == nil && slices.Contains(words, "serve") && slices.Contains(words, p.dir)
}

// How long a lab that was told to end may take before it is killed, and how often it is looked at meanwhile.
const (
	stopTimeout = 20 * time.Second
	stopPoll    = 20 * time.Millisecond
)

func (p place) stop(ctx context.Context) error {
	pid, err := p.running()
	if err != nil || pid == 0 {
		return err
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return fmt.Errorf("failed to stop the lab (process %d): %w", pid, err)
	}
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	for {
		select {
		case <-ctx.Done():
			_ = syscall.Kill(pid, syscall.SIGKILL)
			return fmt.Errorf("the lab (process %d) did not stop within %s and was killed", pid, stopTimeout)
		case <-time.After(stopPoll):
		}
		if still, err := p.running(); err != nil || still == 0 {
			return err
		}
	}
}

// purge removes what up made.
func (p place) purge() error {
	var errs []error
	for _, name := range []string{p.machines(), p.knownHosts(), p.identity(), p.spec(), p.gitignore()} {
		errs = append(errs, os.RemoveAll(name))
	}
	// What hardway made in there stays, and then so does the directory.
	if entries, err := os.ReadDir(p.dir); err == nil && len(entries) == 0 {
		errs = append(errs, os.Remove(p.dir))
	}
	return errors.Join(errs...)
}
