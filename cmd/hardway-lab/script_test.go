package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"hardway/lab"
)

func TestMain(m *testing.M) {
	if lab.RunAsTool(os.Args) {
		return
	}
	testscript.Main(m, map[string]func(){"hardway-lab": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   "testdata/script",
		Setup: setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"append":  appendTo,
			"exits":   exits,
			"gone":    gone,
			"listens": listens,
			"runs":    runs,
			"strike":  strike,
		},
	})
}

// setup gives each script addresses of its own: $BASE for masters, $ENDPOINT before it.
func setup(env *testscript.Env) error {
	for {
		addresses, err := lab.FreeAddresses(1, rand.Reader, lab.DefaultPort)
		if err != nil {
			return err
		}
		endpoint := netip.MustParseAddr(addresses[0])
		if endpoint.As4()[3] > 200 {
			continue
		}
		env.Setenv("ENDPOINT", endpoint.String())
		env.Setenv("BASE", endpoint.Next().String())
		return nil
	}
}

// exits runs a command that has to end with the exit code.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	code := 0
	err := ts.Exec(args[1], args[2:]...)
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if want := args[0]; strconv.Itoa(code) != want {
		ts.Fatalf("exit %d, want %s", code, want)
	}
}

// appendTo adds a line to a file.
func appendTo(ts *testscript.TestScript, _ bool, args []string) {
	data, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), append(data, args[1]+"\n"...), 0o644))
}

// runs waits until a unit of a host is active: runs DIR HOST UNIT.
func runs(ts *testscript.TestScript, _ bool, args []string) {
	ctx := deadline(ts)
	for ctx.Err() == nil {
		data, err := place{ts.MkAbs(args[0])}.ask(ctx, "GET", "/status")
		ts.Check(err)
		var rows []lab.UnitStatus
		ts.Check(json.Unmarshal(data, &rows))
		for _, r := range rows {
			if r.Host == args[1] && r.Unit == args[2] && r.State == "active" && r.PID > 0 {
				return
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	ts.Fatalf("%s of %s does not come up", args[2], args[1])
}

// pidIn is the process id that a file holds.
func pidIn(ts *testscript.TestScript, file string) int {
	data, err := os.ReadFile(ts.MkAbs(file))
	ts.Check(err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	ts.Check(err)
	return pid
}

// strike kills the process in a file without asking, and waits until it is gone.
func strike(ts *testscript.TestScript, _ bool, args []string) {
	pid := pidIn(ts, args[0])
	ts.Check(syscall.Kill(pid, syscall.SIGKILL))
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for ctx.Err() == nil {
		if data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat")); err != nil || strings.Contains(string(data), ") Z ") {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Fatalf("process %d is not gone", pid)
}

// gone waits until no process names the directory on its command line or as its lab.
func gone(ts *testscript.TestScript, neg bool, args []string) {
	dir := ts.MkAbs(args[0])
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for {
		left := processesOf(dir)
		if neg && left == 0 {
			ts.Fatalf("nothing runs in %s", dir)
		}
		if neg || left == 0 {
			return
		}
		if ctx.Err() != nil {
			ts.Fatalf("%d processes of %s are left", left, dir)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func processesOf(dir string) int {
	n := 0
	cmdlines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range cmdlines {
		if data, err := os.ReadFile(file); err == nil && strings.Contains(string(data), dir) {
			n++
		}
	}
	return n
}

// listens asks whether something takes connections at an address.
func listens(ts *testscript.TestScript, neg bool, args []string) {
	err := greet(deadline(ts), args[0])
	if (err == nil) == neg {
		ts.Fatalf("%s: %v", args[0], err)
	}
}

func deadline(ts *testscript.TestScript) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
	ts.Defer(cancel)
	return ctx
}
