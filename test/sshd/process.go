package sshd

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// daemons is where distributions keep sshd, which has to be called by its whole path because it starts itself again.
var daemons = []string{"/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd"}

// privilegeSeparation is a directory, compiled into OpenSSH, without which it does not start as root.
const privilegeSeparation = "/run/sshd"

// startTimeout is how long a server may take to listen, also on a busy machine.
const startTimeout = 20 * time.Second

// farewell is how long connections that clients have just closed may take to end by themselves.
const farewell = 500 * time.Millisecond

// errPortTaken: somebody else listens on the port by now.
var errPortTaken = errors.New("the port is taken")

// process is a running sshd.
type process struct {
	command *exec.Cmd
	ended   chan struct{}
	once    sync.Once
}

// run starts a server and returns when it listens. Its log goes to a file, so that nothing has to read along.
func run(under []string, config, log string) (*process, error) {
	daemon := firstOf(daemons)
	if _, err := os.Stat(daemon); err != nil {
		return nil, fmt.Errorf("there is no %s: install the package openssh-server", daemon)
	}
	if os.Geteuid() == 0 {
		if err := os.Mkdir(privilegeSeparation, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	out, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	words := append(append([]string{}, under...), daemon, "-D", "-e", "-f", config)
	p := &process{command: exec.Command(words[0], words[1:]...), ended: make(chan struct{})}
	p.command.Stdout, p.command.Stderr, p.command.SysProcAttr = out, out, dying()
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = p.command.Wait()
		close(p.ended)
	}()
	return p, p.await(log)
}

// await waits for the line that says the server listens.
func (p *process) await(log string) error {
	deadline := time.After(startTimeout)
	for {
		said, err := os.ReadFile(log)
		if err != nil {
			p.end()
			return err
		}
		if bytes.Contains(said, []byte("Server listening on")) {
			return nil
		}
		select {
		case <-p.ended:
			return whyEnded(log)
		case <-deadline:
			p.end()
			return fmt.Errorf("it does not listen after %v: %s", startTimeout, said)
		case <-time.After(2 * time.Millisecond):
		}
	}
}

func whyEnded(log string) error {
	said, err := os.ReadFile(log)
	if err != nil {
		return err
	}
	if bytes.Contains(said, []byte("Address already in use")) {
		return errPortTaken
	}
	return fmt.Errorf("it ended: %s", said)
}

// end ends the server and the processes of connections that are still open.
func (p *process) end() {
	p.once.Do(func() {
		for begin := time.Now(); len(children(p.command.Process.Pid)) > 0 && time.Since(begin) < farewell; {
			time.Sleep(2 * time.Millisecond)
		}
		if p.running() {
			kill(p.command.Process.Pid)
		}
		<-p.ended
	})
}

func (p *process) running() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// kill ends a process and all it started. Each is stopped before its children are listed, so that none is born unseen.
func kill(pid int) {
	if syscall.Kill(pid, syscall.SIGSTOP) != nil {
		return
	}
	for _, child := range children(pid) {
		kill(child)
	}
	_ = syscall.Kill(pid, syscall.SIGKILL)
}

// Freeze stops the processes of connections that stand, those of the named programs or all: a host or a server that
// hangs, takes in what is sent and says nothing.
func (s *Server) Freeze(programs ...string) { s.process.signal(syscall.SIGSTOP, programs) }

// Thaw lets all of them go on.
func (s *Server) Thaw() { s.process.signal(syscall.SIGCONT, nil) }

func (p *process) signal(signal syscall.Signal, programs []string) {
	for _, connection := range children(p.command.Process.Pid) {
		signalAll(connection, signal, programs)
	}
}

func signalAll(pid int, signal syscall.Signal, programs []string) {
	name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	if len(programs) == 0 || slices.Contains(programs, strings.TrimSpace(string(name))) {
		_ = syscall.Kill(pid, signal)
	}
	for _, child := range children(pid) {
		signalAll(child, signal, programs)
	}
}

// children is what a process started, from Linux' own list.
func children(pid int) []int {
	list, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return nil
	}
	var all []int
	for word := range strings.FieldsSeq(string(list)) {
		if child, err := strconv.Atoi(word); err == nil {
			all = append(all, child)
		}
	}
	return all
}
