package remote_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"hardway/remote"
	"hardway/test/sshd"
)

// unit is the main process of a unit, one that sleeps; systemctl, which the host of a test lacks, says its PID.
type unit struct{ pid int }

func startUnit(t *testing.T) unit {
	t.Helper()
	process := exec.Command("sleep", "60")
	must(t, process.Start())
	t.Cleanup(func() { _ = process.Process.Kill(); _ = process.Wait() })
	return unit{process.Process.Pid}
}

// name tells it from those of other tests.
func (u unit) name() string { return fmt.Sprintf("unit-%d.service", u.pid) }

// config is for the host that has the unit.
func (u unit) config(t *testing.T) string {
	t.Helper()
	bin := t.TempDir()
	for dir := bin; dir != os.TempDir(); dir = filepath.Dir(dir) {
		must(t, os.Chmod(dir, 0o755))
	}
	text := fmt.Sprintf("#!/bin/sh\n[ \"$*\" = 'show --property MainPID --value -- %s' ] && echo %d\n", u.name(), u.pid)
	must(t, os.WriteFile(filepath.Join(bin, "systemctl"), []byte(text), 0o755))
	return "SetEnv PATH=" + bin + ":/usr/sbin:/usr/bin:/bin"
}

// state is a process's, as proc_pid_stat(5) has it: T is one that is held.
func (u unit) state(t *testing.T) string {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", u.pid))
	must(t, err)
	return strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))[0]
}

func (u unit) held(t *testing.T) bool { t.Helper(); return u.state(t) == "T" }

// stop holds the unit, and gives when that began at the latest.
func (u unit) stop(t *testing.T, client *remote.Client) (remote.Hold, time.Time) {
	t.Helper()
	h, err := client.Hold(t.Context(), u.name())
	must(t, err)
	t.Cleanup(func() { _ = h.Close() })
	if u.held(t) {
		t.Fatal("it is held before it was to be")
	}
	asked := time.Now()
	must(t, h.Stop(t.Context()))
	began := time.Now()
	// The signal is sent; on a busy machine it takes a moment until the process gets it.
	eventually(t, "the process is held", func() bool { return u.held(t) })
	t.Logf("held after %s", began.Sub(asked).Round(time.Millisecond))
	return h, began
}

// goesOn holds that the unit is held for at least so long, and at most.
func (u unit) goesOn(t *testing.T, began time.Time, least, most time.Duration) {
	t.Helper()
	eventually(t, "the process goes on", func() bool { return !u.held(t) })
	took := time.Since(began).Round(time.Millisecond)
	t.Logf("went on after %s", took)
	if took < least || took > most {
		t.Errorf("it went on after %s, want %s to %s", took, least, most)
	}
}

const (
	// soon is before the time is over.
	soon = 700 * time.Millisecond
	// inTime is when it is over, on a busy machine.
	inTime = remote.HoldLimit + 500*time.Millisecond
)

// Whatever ends a hold, the process goes on; without anything it does so by itself.
func TestHoldEnds(t *testing.T) {
	for name, c := range map[string]struct {
		end         func(t *testing.T, h *testHost, held remote.Hold, client *remote.Client, u unit)
		least, most time.Duration
	}{
		"when it is closed": {func(t *testing.T, _ *testHost, held remote.Hold, _ *remote.Client, u unit) {
			must(t, held.Close())
		}, 0, soon},
		"with the connection": {func(t *testing.T, _ *testHost, _ remote.Hold, client *remote.Client, _ unit) {
			must(t, client.Close())
		}, 0, soon},
		"by itself": {func(*testing.T, *testHost, remote.Hold, *remote.Client, unit) {}, remote.HoldLimit - 100*time.Millisecond, inTime},
		"when what holds it is killed": {func(t *testing.T, _ *testHost, _ remote.Hold, _ *remote.Client, u unit) {
			if killed := killAll(t, "hardway-hold", u.name(), "1"); killed == 0 {
				t.Error("no process holds it")
			}
		}, 0, soon},
		"by itself, when the host hears nothing more": {func(_ *testing.T, h *testHost, _ remote.Hold, _ *remote.Client, _ unit) {
			h.Freeze("sshd")
		}, remote.HoldLimit - 100*time.Millisecond, inTime},
	} {
		t.Run(name, func(t *testing.T) {
			u := startUnit(t)
			h := startHost(t, sshd.Options{Config: []string{u.config(t)}})
			t.Cleanup(h.Thaw)
			client := h.dial(t)
			held, began := u.stop(t, client)
			c.end(t, h, held, client, u)
			u.goesOn(t, began, c.least, c.most)
		})
	}
}

// killAll kills (SIGKILL) every process whose command line ends with these words, and says how many.
func killAll(t *testing.T, words ...string) (killed int) {
	t.Helper()
	processes, err := filepath.Glob("/proc/[0-9]*")
	must(t, err)
	for _, p := range processes {
		line, _ := os.ReadFile(filepath.Join(p, "cmdline"))
		if !strings.HasSuffix(string(line), "\x00"+strings.Join(words, "\x00")+"\x00") {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(p))
		must(t, err)
		must(t, syscall.Kill(pid, syscall.SIGKILL))
		killed++
	}
	return killed
}

// Where there is nobody any more who would end the hold, none begins.
func TestNothingIsHeldWithoutItsEnd(t *testing.T) {
	u := startUnit(t)
	h := startHost(t, sshd.Options{Config: []string{u.config(t)}})
	held, err := h.dial(t).Hold(t.Context(), u.name())
	must(t, err)
	defer held.Close()
	if killed := killAll(t, "hardway-hold", strconv.Itoa(u.pid), "1"); killed != 1 {
		t.Fatalf("%d processes would end the hold, want 1", killed)
	}
	h.refuses(t, held.Stop(t.Context()), u.name(), "holding")
	if u.held(t) {
		t.Error("it is held")
	}
}

func TestHoldOfWhatDoesNotRunSaysSo(t *testing.T) {
	h := startHost(t, sshd.Options{Config: []string{unit{}.config(t)}})
	_, err := h.dial(t).Hold(t.Context(), unit{}.name())
	h.refuses(t, err, "unit-0.service is not running")
}

func TestHoldThroughSudo(t *testing.T) {
	for name, sudoers := range map[string]string{"with a password": withPassword, "without": noPassword, "in a terminal of its own": "Defaults use_pty\n" + withPassword} {
		t.Run(name, func(t *testing.T) {
			u := startUnit(t)
			// sudo has a path of its own.
			path := strings.TrimPrefix(u.config(t), "SetEnv PATH=")
			h := startAccount(t, "Defaults secure_path="+path+"\n"+sudoers)
			h.asking(sudoPassword)
			client := h.dial(t)
			held, began := u.stop(t, client)
			must(t, held.Close())
			u.goesOn(t, began, 0, soon)
			_, began = u.stop(t, client)
			u.goesOn(t, began, remote.HoldLimit-100*time.Millisecond, inTime)
			_, began = u.stop(t, client)
			must(t, client.Close())
			u.goesOn(t, began, 0, soon)
		})
	}
}

func TestHoldThatIsGivenUpHoldsNothing(t *testing.T) {
	u := startUnit(t)
	h := startHost(t, sshd.Options{Config: []string{u.config(t)}})
	client := h.dial(t)
	ctx, cancel := context.WithCancel(t.Context())
	held, err := client.Hold(ctx, u.name())
	must(t, err)
	cancel()
	if err := held.Stop(ctx); err == nil {
		t.Error("it was held after the run had ended")
	}
	must(t, held.Close())
	if u.held(t) {
		t.Error("it is held")
	}
}

// A host that does not run a shell has to know what it is asked.
func TestHoldIsToldFromEveryOtherCommand(t *testing.T) {
	for name, s := range map[string]remote.Script{
		"another text": {Name: "hardway-hold", Text: "kill -STOP 1", Args: []string{"x.service", "1"}},
		"another name": {Name: "hardway-other", Text: "echo", Args: []string{"x.service", "1"}},
	} {
		if unit, ok := s.Command().Holds(); ok {
			t.Errorf("%s was taken for a hold of %s", name, unit)
		}
	}
}
