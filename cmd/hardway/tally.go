package main

import (
	"fmt"

	"github.com/vbauerster/mpb/v8/decor"

	"hardway/plan"
)

// tally is how far the phase that is worked on has come, over all its hosts.
type tally struct {
	step, phase string
	// hosts is how many hosts are through, of how many there are as far as that is known.
	hosts plan.Count
	// of is the last that was said of each host's files, in the order in which they began; bytes is their sum.
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
	if e.Files != nil && e.Bytes != nil {
		t.add(e)
	}
	return fresh
}

func (t *tally) add(e plan.Event) {
	before, known := t.of[e.Host]
	if !known {
		t.order = append(t.order, e.Host)
		t.hosts.Total = max(t.hosts.Total, int64(len(t.order)))
	} else {
		t.bytes.Done -= before.Bytes.Done
		t.bytes.Total -= before.Bytes.Total
		if through(before) {
			t.hosts.Done--
		}
	}
	t.of[e.Host] = e
	t.bytes.Done += e.Bytes.Done
	t.bytes.Total += e.Bytes.Total
	if through(e) {
		t.hosts.Done++
	}
}

// through: all of the host's files have been sent.
func through(e plan.Event) bool { return e.Files.Done >= e.Files.Total }

// any reports whether there is anything to count in this phase.
func (t *tally) any() bool { return t.hosts.Total > 0 }

// doing is each counted phase in words.
var doing = map[string]string{
	plan.PhaseConnect: "connecting", plan.PhaseCompare: "comparing", plan.PhaseStage: "sending",
}

// String is as in "sending: 3 of 40 hosts done, 1.2 MiB of 3.0 GiB".
func (t *tally) String() string {
	text := fmt.Sprintf("%s: %d of %d hosts done", t.doing(), t.hosts.Done, t.hosts.Total)
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

// amount is bytes of bytes for a person.
func amount(bytes plan.Count) string {
	return fmt.Sprintf("%.1f of %.1f", decor.SizeB1024(bytes.Done), decor.SizeB1024(bytes.Total))
}
