package main

import (
	"fmt"

	"github.com/vbauerster/mpb/v8/decor"

	"hardway/plan"
)

// tally is how far the phase that is worked on has come, over all its hosts.
type tally struct {
	step, phase string
	// hosts is how many hosts, or files that are fetched, are through, of how many there are as far as that is known.
	hosts plan.Count
	// of is the last that was said of each host's files, or of each file, in the order in which they began; bytes is their
	// sum.
	of    map[string]plan.Event
	order []string
	bytes plan.Count
}

// take adds an event; fresh: it begins another phase.
func (t *tally) take(e plan.Event) (fresh bool) {
	phase := e.Phase
	if phase == plan.PhaseSend {
		phase = plan.PhaseStage // which begins before the first file is sent
	}
	if e.Step != t.step || phase != t.phase {
		*t = tally{step: e.Step, phase: phase, of: map[string]plan.Event{}}
		fresh = true
	}
	if e.Hosts != nil {
		t.hosts = plan.Count{Done: max(t.hosts.Done, e.Hosts.Done), Total: e.Hosts.Total}
	}
	if e.Bytes != nil && (e.Files != nil || e.File != "") {
		t.add(e)
	}
	return fresh
}

func (t *tally) add(e plan.Event) {
	row := rowOf(e)
	before, known := t.of[row]
	if !known {
		t.order = append(t.order, row)
		t.hosts.Total = max(t.hosts.Total, int64(len(t.order)))
	} else {
		t.bytes.Done -= before.Bytes.Done
		t.bytes.Total -= before.Bytes.Total
		if through(before) {
			t.hosts.Done--
		}
	}
	t.of[row] = e
	t.bytes.Done += e.Bytes.Done
	t.bytes.Total += e.Bytes.Total
	if through(e) {
		t.hosts.Done++
	}
}

// rowOf is what an event counts for: a host that is sent files, or a file that is fetched.
func rowOf(e plan.Event) string {
	if e.File != "" {
		return e.File
	}
	return e.Host
}

// through: all of the host's files have been sent, all of the file has been fetched.
func through(e plan.Event) bool {
	if e.File != "" {
		return e.Bytes.Total >= 0 && e.Bytes.Done >= e.Bytes.Total
	}
	return e.Files.Done >= e.Files.Total
}

// any reports whether there is anything to count in this phase.
func (t *tally) any() bool { return t.hosts.Total > 0 }

// doing is each counted phase in words.
var doing = map[string]string{
	plan.PhaseConnect: "connecting", plan.PhaseCompare: "comparing", plan.PhaseStage: "sending",
	plan.PhaseFetch: "fetching",
}

// String is as in "sending: 3 of 40 hosts done, 1.2 MiB of 3.0 GiB".
func (t *tally) String() string {
	text := fmt.Sprintf("%s: %d of %d %s done", t.doing(), t.hosts.Done, t.hosts.Total, t.what())
	if t.bytes.Total > 0 {
		text += ", " + amount(t.bytes)
	}
	return text
}

func (t *tally) doing() string {
	if words, known := doing[t.phase]; known {
		return words
	}
	return t.phase
}

// what is counted.
func (t *tally) what() string {
	if t.phase == plan.PhaseFetch {
		return "files"
	}
	return "hosts"
}

// amount is bytes of bytes for a person.
func amount(bytes plan.Count) string {
	return fmt.Sprintf("%.1f of %.1f", decor.SizeB1024(bytes.Done), decor.SizeB1024(bytes.Total))
}
