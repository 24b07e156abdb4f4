package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// try is one attempt from its first command to the end of its last process. It settles the attempt where that succeeds.
func (s *service) try(a *activation, log *os.File) outcome {
	s.mu.Lock()
	d := s.definition
	s.mu.Unlock()
	for _, remark := range d.remarks {
		fmt.Fprintf(log, "systemd: %s: %s\n", s.name, remark)
	}
	if len(d.refusals) > 0 {
		return failed("resources", fmt.Errorf("%s", d.refusals[0]))
	}
	if err := d.asserted(s.host.tree); err != nil {
		return failed("assert", err)
	}
	if s.tooOften(d, time.Now()) {
		return failed("start-limit-hit", fmt.Errorf("start request repeated too quickly"))
	}
	e, err := s.prepare(d)
	if err != nil {
		return failed("resources", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), d.timeoutStart)
	defer cancel()
	defer until(a.stop, cancel)()
	return s.bringUp(ctx, a, d, e, log)
}

// until cancels when the channel is closed; the returned function ends the watch.
func until(channel <-chan struct{}, cancel func()) func() {
	end := make(chan struct{})
	go func() {
		select {
		case <-channel:
			cancel()
		case <-end:
		}
	}()
	return func() { close(end) }
}

// bringUp runs what comes before, the main process, and what comes after, and then waits for the end. ctx ends with the
// time for starting, and with a stop.
func (s *service) bringUp(ctx context.Context, a *activation, d *definition, e execution, log *os.File) outcome {
	s.set("activating", "start-pre")
	if err := s.auxiliaries(ctx, d.startPre, e, log); err != nil {
		return outcome{result: "exit-code", err: fmt.Errorf("control process failed: %w", err)}
	}
	s.set("activating", "start")
	if d.kind == "oneshot" {
		return s.oneshot(ctx, a, d, e, log)
	}
	notify, err := newNotifySocket(fmt.Sprintf("hardway-lab-%d-%s", os.Getpid(), s.host.invocation()))
	if err != nil {
		return failed("resources", err)
	}
	defer notify.close()
	if d.kind == "notify" {
		e.environment = append(e.environment, "NOTIFY_SOCKET="+notify.name)
	}
	p, err := s.launch(d.start[0], e, log)
	if err != nil {
		return failed("exec", err)
	}
	s.setMain(p)
	ready := notify.ready(func(pid int) bool { return pid == p.pid })
	if d.kind != "notify" {
		ready = already()
	}
	ended := s.settleUp(ctx, a, d, e.with(p.pid), p, ready, log)
	return s.after(a, d, e.with(p.pid), p, ended, log)
}

func already() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

// settleUp waits until the process is ready, runs ExecStartPost, and then waits until the unit goes down.
func (s *service) settleUp(ctx context.Context, a *activation, d *definition, e execution, p *process, ready <-chan struct{}, log *os.File) outcome {
	select {
	case <-ready:
	case <-p.exited:
		ended := d.judge(p.ended)
		if ended.result == "" && d.kind == "notify" {
			return outcome{result: "protocol", err: fmt.Errorf("main process ended without saying that it is ready")}
		}
		return ended
	case <-ctx.Done():
		ended := s.terminate(a, d, e, p, log)
		if !a.stopping() {
			return outcome{result: "timeout", err: fmt.Errorf("start timed out after %s", d.timeoutStart)}
		}
		return ended
	}
	s.set("activating", "start-post")
	if err := s.auxiliaries(ctx, d.startPost, e, log); err != nil {
		s.terminate(a, d, e, p, log)
		return outcome{result: "exit-code", err: fmt.Errorf("control process failed: %w", err)}
	}
	s.set("active", "running")
	a.settle(nil)
	select {
	case <-p.exited:
		return d.judge(p.ended)
	case <-a.stop:
		return s.terminate(a, d, e, p, log)
	}
}

// oneshot runs every command to its end.
func (s *service) oneshot(ctx context.Context, a *activation, d *definition, e execution, log *os.File) outcome {
	err := s.auxiliaries(ctx, d.start, e, log)
	if err == nil {
		err = s.auxiliaries(ctx, d.startPost, e, log)
	}
	if err != nil {
		return outcome{result: "exit-code", err: err}
	}
	if d.remainAfterExit {
		s.set("active", "exited")
		a.settle(nil)
		<-a.stop
	}
	s.set("deactivating", "stop")
	a.settle(nil)
	err = s.auxiliaries(context.Background(), append(d.stop, d.stopPost...), e, log)
	s.removeRuntime(d)
	if err != nil {
		return outcome{result: "exit-code", err: err}
	}
	return outcome{}
}

// terminate is systemd.kill(5): asks, waits, kills. A process that did not go when asked makes the unit fail.
func (s *service) terminate(a *activation, d *definition, e execution, p *process, log *os.File) outcome {
	s.set("deactivating", "stop-sigterm")
	if a.crashed() {
		_ = p.signalGroup(syscall.SIGKILL)
		<-p.exited
		return outcome{}
	}
	ctx, cancel := context.WithTimeout(context.Background(), d.timeoutStop)
	defer cancel()
	defer until(a.crash, cancel)()
	_ = s.auxiliaries(ctx, d.stop, e, log)
	d.signal(p)
	select {
	case <-p.exited:
		if ended := d.judge(p.ended); !p.ended.Signaled() {
			return ended
		}
		return outcome{}
	case <-ctx.Done():
	}
	_ = p.signalGroup(syscall.SIGKILL)
	<-p.exited
	if a.crashed() {
		return outcome{}
	}
	return outcome{result: "timeout", err: fmt.Errorf("stopping timed out after %s, killed", d.timeoutStop)}
}

// signal asks a process to end; one that is paused is woken up for it.
func (d *definition) signal(p *process) {
	switch d.killMode {
	case "none":
	case "process", "mixed":
		_ = p.signal(d.killSignal)
		_ = p.signal(syscall.SIGCONT)
	default:
		_ = p.signalGroup(d.killSignal)
		_ = p.signalGroup(syscall.SIGCONT)
	}
}

// after is what follows the end of the main process: nothing that it started stays, ExecStopPost runs.
func (s *service) after(a *activation, d *definition, e execution, p *process, ended outcome, log *os.File) outcome {
	if d.killMode == "control-group" || d.killMode == "mixed" || a.crashed() {
		_ = p.signalGroup(syscall.SIGKILL)
	}
	if a.crashed() {
		return ended
	}
	s.set("deactivating", "stop-post")
	ctx, cancel := context.WithTimeout(context.Background(), d.timeoutStop)
	defer cancel()
	if err := s.auxiliaries(ctx, d.stopPost, e, log); err != nil && ended.result == "" {
		ended = outcome{result: "exit-code", err: errors.Join(ended.err, err)}
	}
	s.removeRuntime(d)
	return ended
}
