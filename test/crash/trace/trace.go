//go:build linux

package trace

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Command is what to run. Path is the command `watched`, Args its words: itself, the program, and the program's arguments.
type Command struct {
	Path string
	Args []string
	Dir  string
	Env  []string
	// Output takes standard output and standard error. Writing there counts as no change.
	Output *os.File
	// Kill is the number of the changing call at whose entry the program is killed, counted from 1; 0 for never.
	Kill int
	// Only, where it is given, says which calls are counted.
	Only func(Call) bool
}

// Call is a change that was about to be made.
type Call struct {
	Name string
	// On is the path or socket that it is made on.
	On string
}

// Network reports whether the call sends something.
func (c Call) Network() bool { return strings.HasPrefix(c.On, "socket:") }

// String is the call as in a log.
func (c Call) String() string { return c.Name + "(" + c.On + ")" }

// Run is what became of a program.
type Run struct {
	Calls []Call
	// Killed: the call was reached, and is the last of Calls.
	Killed bool
	// Code is the exit code of a program that ended by itself.
	Code int
}

// Start runs a command to its end. It needs a thread of its own, because a tracer is a thread.
func (c Command) Start() (Run, error) {
	type outcome struct {
		run Run
		err error
	}
	done := make(chan outcome, 1)
	go func() {
		// Never unlocked: the thread goes with the goroutine.
		runtime.LockOSThread()
		t := tracer{command: c}
		err := t.run()
		done <- outcome{t.seen, err}
	}()
	o := <-done
	return o.run, o.err
}

type tracer struct {
	command Command
	seen    Run
	leader  int
}

// options: threads and child processes are traced from their first call on, and nobody outlives the tracer.
const options = unix.PTRACE_O_TRACESECCOMP | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_TRACEFORK |
	unix.PTRACE_O_TRACEVFORK | unix.PTRACE_O_TRACEEXEC | unix.PTRACE_O_EXITKILL

func (t *tracer) run() error {
	out := t.command.Output.Fd()
	leader, err := syscall.ForkExec(t.command.Path, t.command.Args, &syscall.ProcAttr{
		Dir: t.command.Dir, Env: t.command.Env, Files: []uintptr{out, out, out},
		// A group of its own, so that waiting for it takes no other child of this process.
		Sys: &syscall.SysProcAttr{Ptrace: true, Setpgid: true},
	})
	if err != nil {
		return fmt.Errorf("failed to run %s: %w", t.command.Path, err)
	}
	t.leader = leader
	var status unix.WaitStatus
	if _, err := wait(leader, &status); err != nil {
		return fmt.Errorf("failed to trace %s: %w", t.command.Path, err)
	}
	if !status.Stopped() {
		return fmt.Errorf("failed to trace %s: it did not stop, status %#x", t.command.Path, status)
	}
	if err := unix.PtraceSetOptions(leader, options); err != nil {
		_ = unix.Kill(leader, unix.SIGKILL)
		return fmt.Errorf("failed to trace %s: %w", t.command.Path, err)
	}
	_ = unix.PtraceCont(leader, 0)
	return t.follow()
}

// follow lets threads go on from stop to stop until none is left.
func (t *tracer) follow() error {
	for {
		var status unix.WaitStatus
		thread, err := wait(-t.leader, &status)
		if errors.Is(err, unix.ECHILD) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("failed to wait for the traced program: %w", err)
		}
		switch {
		case status.Exited() && thread == t.leader:
			t.seen.Code = status.ExitStatus()
		case status.Signaled() && thread == t.leader && !t.seen.Killed:
			return fmt.Errorf("the program ended by %v, which was not the tracer's", status.Signal())
		case status.Stopped():
			// A thread that was killed while it was stopped is not there to go on.
			if err := unix.PtraceCont(thread, t.stopped(thread, status)); err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("failed to let the traced program go on: %w", err)
			}
		}
	}
}

// stopped looks at why a thread has stopped, and gives the signal to go on with.
func (t *tracer) stopped(thread int, status unix.WaitStatus) int {
	switch {
	case status.TrapCause() == unix.PTRACE_EVENT_SECCOMP:
		if call, ok := t.call(thread); ok && !t.seen.Killed {
			t.count(call)
		}
		return 0
	case status.TrapCause() > 0:
		return 0
	case status.StopSignal() == unix.SIGSTOP || status.StopSignal() == unix.SIGTRAP:
		// What a new thread begins with, and what an exec ends with.
		return 0
	}
	return int(status.StopSignal())
}

func (t *tracer) count(call Call) {
	t.seen.Calls = append(t.seen.Calls, call)
	if len(t.seen.Calls) == t.command.Kill {
		t.seen.Killed = true
		// The kernel skips a call whose process is dying when it goes on from here: seccomp(2), SECCOMP_RET_TRACE.
		_ = unix.Kill(-t.leader, unix.SIGKILL)
	}
}

// wait is for threads too, and for children of this thread alone.
func wait(pid int, status *unix.WaitStatus) (int, error) {
	for {
		got, err := unix.Wait4(pid, status, unix.WALL|unix.WNOTHREAD, nil)
		if !errors.Is(err, unix.EINTR) {
			return got, err
		}
	}
}
