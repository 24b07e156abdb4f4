package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"syscall"
	"time"
)

// process is what a run of a process cost. The kernel counts its memory from what its parent held when it was started,
// which here is little.
type process struct {
	wall, processor time.Duration
	megabytes       float64
}

// busy is the share of all cores that the process kept busy from start to exit.
func (p process) busy() float64 {
	return p.processor.Seconds() / p.wall.Seconds() / float64(runtime.NumCPU())
}

// measureIn runs a command in a directory.
func measureIn(ctx context.Context, dir, name string, args ...string) (process, []byte, error) {
	command := exec.CommandContext(ctx, name, args...)
	command.Dir = dir
	return measure(command)
}

// measure runs a command from start to exit. What it says on standard error is part of the error, what it says on standard
// output is the second result.
func measure(command *exec.Cmd) (process, []byte, error) {
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	began := time.Now()
	if err := command.Run(); err != nil {
		return process{}, nil, fmt.Errorf("failed to run %s: %w: %s", command.Path, err, tail(errs.String()))
	}
	p := process{wall: time.Since(began)}
	usage, ok := command.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return process{}, nil, errors.New("this system does not count what a process uses")
	}
	p.processor = time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	p.megabytes = float64(usage.Maxrss) / 1024 // the kernel counts in KiB
	return p, out.Bytes(), nil
}
