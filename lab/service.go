package lab

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"
)

// service is a unit as the stand-in for systemd knows it.
type service struct {
	name string
	host *host

	mu sync.Mutex
	// definition is what was read last; nil with loadError where that failed.
	definition *definition
	loadError  error
	stamps     []stamp
	// active and sub are systemd's words: active running, activating auto-restart, failed failed.
	active, sub string
	// result says in systemd's words why it failed.
	result string
	main   *process
	run    *activation
	starts []time.Time
}

// start brings the unit up; what is up stays, what is going down comes up again after that. With wait it returns when
// that succeeded or failed.
func (s *service) start(ctx context.Context, wait bool) error {
	a, err := s.begin()
	if err != nil {
		return err
	}
	if a.stopping() {
		again := func() error {
			<-a.done
			return s.start(ctx, wait)
		}
		if wait {
			return again()
		}
		go func() { _ = again() }()
		return nil
	}
	if !wait {
		return nil
	}
	return a.attempt().wait(ctx)
}

// begin is the activation that runs, or a new one.
func (s *service) begin() (*activation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.loadError != nil {
		return nil, s.loadError
	}
	if s.run == nil {
		s.run, s.result = newActivation(), ""
		s.active, s.sub = "activating", "start"
		go s.activate(s.run)
	} else if s.sub == "auto-restart" {
		select {
		case s.run.wake <- struct{}{}:
		default:
		}
	}
	return s.run, nil
}

// stop brings the unit down; with wait it returns when nothing of it runs any more.
func (s *service) stop(ctx context.Context, wait bool) error {
	s.mu.Lock()
	a := s.run
	s.mu.Unlock()
	if a == nil {
		return nil
	}
	a.ask(a.stop)
	if !wait {
		return nil
	}
	select {
	case <-a.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// crash ends everything at once, as a power cut does.
func (s *service) crash() {
	s.mu.Lock()
	a := s.run
	s.mu.Unlock()
	if a == nil {
		return
	}
	a.ask(a.crash)
	a.ask(a.stop)
	<-a.done
}

// reload runs ExecReload for a unit that is up.
func (s *service) reload(ctx context.Context) error {
	s.mu.Lock()
	d, p, active := s.definition, s.main, s.active
	s.mu.Unlock()
	switch {
	case d == nil || len(d.reload) == 0:
		return fmt.Errorf("job type reload is not applicable for unit %s", s.name)
	case active != "active" || p == nil:
		return fmt.Errorf("%s is not active, cannot reload", s.name)
	}
	log, err := s.openLog()
	if err != nil {
		return err
	}
	defer log.Close()
	environment, err := s.prepare(d)
	if err != nil {
		return err
	}
	// What the main process was handed over as a copy is what it will read again.
	for _, line := range d.start {
		if _, err := s.handover(line.program(), environment.dir).words(line.arguments(environment.variables)); err != nil {
			return err
		}
	}
	return s.auxiliaries(ctx, d.reload, environment.with(p.pid), log)
}

func (s *service) set(active, sub string) {
	s.mu.Lock()
	s.active, s.sub = active, sub
	s.mu.Unlock()
}

func (s *service) setMain(p *process) {
	s.mu.Lock()
	s.main = p
	s.mu.Unlock()
}

// pid is the main process; 0 without one.
func (s *service) pid() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.main == nil || closed(s.main.exited) {
		return 0
	}
	return s.main.pid
}

func (s *service) openLog() (*os.File, error) {
	log, err := os.OpenFile(s.host.logFile(s.name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("failed to open the log of %s: %w", s.name, err)
	}
	return log, nil
}

// activate runs attempts until the unit is stopped, or fails in a way it is not restarted after.
func (s *service) activate(a *activation) {
	log, err := s.openLog()
	if err != nil {
		s.finish(a, outcome{result: "resources", err: err})
		return
	}
	defer log.Close()
	for {
		ended := s.try(a, log)
		if ended.err != nil {
			fmt.Fprintf(log, "systemd: %s: %v\n", s.name, ended.err)
		}
		if a.stopping() || !s.restarts(ended) {
			s.finish(a, ended)
			return
		}
		a.settle(ended.err)
		if s.pause(a, log); a.stopping() {
			s.finish(a, outcome{})
			return
		}
	}
}

// finish ends the activation: the unit is inactive, or failed.
func (s *service) finish(a *activation, ended outcome) {
	s.mu.Lock()
	s.active, s.sub, s.result = "inactive", "dead", ended.result
	if ended.result != "" && !a.crashed() {
		s.active, s.sub = "failed", "failed"
	}
	s.run, s.main = nil, nil
	s.mu.Unlock()
	err := ended.err
	if err == nil && a.stopping() {
		err = fmt.Errorf("job for %s was canceled: the unit was stopped", s.name)
	}
	a.settle(err)
	close(a.done)
}

// pause is the time before a restart.
func (s *service) pause(a *activation, log *os.File) {
	a.next()
	s.set("activating", "auto-restart")
	s.mu.Lock()
	d := s.definition
	s.mu.Unlock()
	timer := time.NewTimer(d.restartPause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-a.wake:
	case <-a.stop:
		return
	}
	fmt.Fprintf(log, "systemd: %s: scheduled restart\n", s.name)
}
