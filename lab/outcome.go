package lab

import (
	"fmt"
	"slices"
	"syscall"
	"time"
)

// outcome is how an attempt ended. result is systemd's word for a failure, empty for success; err is for people.
type outcome struct {
	result string
	err    error
	// final: nothing would be different the next time.
	final bool
}

// failed is an outcome that no restart would change, such as a missing program.
func failed(result string, err error) outcome { return outcome{result: result, err: err, final: true} }

// cleanSignals is the signals that count as a regular end: systemd.service(5), "SuccessExitStatus=".
var cleanSignals = []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM, syscall.SIGPIPE}

// judge says what the end of a main process means.
func (d *definition) judge(ended syscall.WaitStatus) outcome {
	switch {
	case ended.Signaled() && !slices.Contains(cleanSignals, ended.Signal()):
		return outcome{result: "signal", err: fmt.Errorf("main process was killed by %s", ended.Signal())}
	case ended.Exited() && ended.ExitStatus() != 0 && !slices.Contains(d.successCodes, ended.ExitStatus()):
		return outcome{result: "exit-code", err: fmt.Errorf("main process exited with status %d", ended.ExitStatus())}
	}
	return outcome{}
}

// restartAfter is systemd's table: which Restart= restarts after which end. systemd.service(5), "Restart=".
var restartAfter = map[string][]string{
	"always":      {"", "exit-code", "signal", "timeout", "protocol"},
	"on-success":  {""},
	"on-failure":  {"exit-code", "signal", "timeout", "protocol"},
	"on-abnormal": {"signal", "timeout", "protocol"},
	"on-abort":    {"signal"},
}

// restarts decides whether another attempt follows; a unit that was started too often lately is left failed.
func (s *service) restarts(ended outcome) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.definition
	return d != nil && !ended.final && slices.Contains(restartAfter[d.restart], ended.result)
}

// tooOften counts a start and reports whether it is one too many.
func (s *service) tooOften(d *definition, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.starts = slices.DeleteFunc(s.starts, func(t time.Time) bool { return now.Sub(t) > d.startLimitInterval })
	if d.startLimitInterval <= 0 || d.startLimitBurst <= 0 {
		return false
	}
	if len(s.starts) >= d.startLimitBurst {
		return true
	}
	s.starts = append(s.starts, now)
	return false
}
