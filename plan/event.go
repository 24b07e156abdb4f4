package plan

import (
	"time"

	"hardway/remote"
)

// Event is one piece of progress. Host is empty where it concerns the whole run.
type Event struct {
	Time time.Time `json:"time"`
	// Step is the words of the command or of the step of up, Phase what is done in it: one of the phases below, or a move of
	// a rolling change: commit, drain, stop, start, restart, reload, undrain, gate, put-back and the like.
	Step  string `json:"step"`
	Phase string `json:"phase"`
	Host  string `json:"host,omitempty"`
	// File is what is fetched.
	File string `json:"file,omitempty"`
	// Message is a line for a person; empty where only numbers have changed.
	Message string `json:"message,omitempty"`
	// Hosts, Files and Bytes are how many are done, of how many: Hosts in a phase, Files and Bytes of Host, Bytes of
	// File where one is named.
	Hosts *Count `json:"hosts,omitempty"`
	Files *Count `json:"files,omitempty"`
	Bytes *Count `json:"bytes,omitempty"`
	// Seconds is how long a step took, in its end phase.
	Seconds float64 `json:"seconds,omitempty"`
}

// Count is how many of how many.
type Count struct {
	Done  int64 `json:"done"`
	Total int64 `json:"total"`
}

// The phases of steps.
const (
	PhaseBegin   = "begin"
	PhaseConnect = "connect"
	PhaseCompare = "compare"
	PhaseStage   = "stage"
	PhaseSend    = "send"
	PhaseFetch   = "fetch"
	PhaseWork    = "work"
	PhaseEnd     = "end"
)

// say tells of an event of the step that is executed now.
func (e *Env) say(event Event) {
	if e.Progress == nil {
		return
	}
	event.Time = e.Now()
	if event.Step == "" {
		event.Step = e.step
	}
	e.Progress(event)
}

func (e *Env) tell(step, host, message string) {
	e.say(Event{Step: step, Phase: PhaseWork, Host: host, Message: message})
}

// Sent tells how far the staging of a host's files has come: what the connections are to report to.
func (e *Env) Sent(s remote.Sent) {
	e.say(Event{Phase: PhaseSend, Host: s.Host, Files: &Count{s.Files, s.OfFiles}, Bytes: &Count{s.Bytes, s.OfBytes}})
}

// counting tells of each host that is through a phase.
func (e *Env) counting(phase string, total int) (through func(host string)) {
	if total == 0 {
		return func(string) {}
	}
	counts := make(chan int64, 1)
	counts <- 0
	e.say(Event{Phase: phase, Hosts: &Count{0, int64(total)}})
	return func(host string) {
		done := <-counts + 1
		e.say(Event{Phase: phase, Host: host, Hosts: &Count{done, int64(total)}})
		counts <- done
	}
}
