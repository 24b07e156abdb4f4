package lab

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
)

// spawner starts processes that die with the lab. The kernel ties that to the thread that started them, so one thread,
// which lives as long as the lab, starts all.
type spawner struct{ work chan func() }

func newSpawner() *spawner {
	s := &spawner{work: make(chan func())}
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for do := range s.work {
			do()
		}
	}()
	return s
}

func (s *spawner) close() { close(s.work) }

// process is one started process; exited is closed when it is gone.
type process struct {
	pid    int
	exited chan struct{}
	// ended is how; it may be read once exited is closed.
	ended syscall.WaitStatus

	mu   sync.Mutex
	gone bool
}

// start runs a program in a process group of its own, with the log as its output. argv[0] may be another name.
func (s *spawner) start(program string, argv, environment []string, dir string, log *os.File) (*process, error) {
	cmd := &exec.Cmd{
		Path: program, Args: argv, Env: environment, Dir: dir, Stdout: log, Stderr: log,
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL},
	}
	failed := make(chan error)
	s.work <- func() { failed <- cmd.Start() }
	if err := <-failed; err != nil {
		return nil, err
	}
	p := &process{pid: cmd.Process.Pid, exited: make(chan struct{})}
	go p.wait(cmd)
	return p, nil
}

func (p *process) wait(cmd *exec.Cmd) {
	_ = cmd.Wait()
	p.mu.Lock()
	p.gone = true
	p.ended, _ = cmd.ProcessState.Sys().(syscall.WaitStatus)
	p.mu.Unlock()
	close(p.exited)
}

// signal sends to the process, unless it is gone: its number may be another's by now.
func (p *process) signal(s syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone {
		return os.ErrProcessDone
	}
	return syscall.Kill(p.pid, s)
}

// signalGroup sends to everything the process started, also after it is gone.
func (p *process) signalGroup(s syscall.Signal) error {
	err := syscall.Kill(-p.pid, s)
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}
