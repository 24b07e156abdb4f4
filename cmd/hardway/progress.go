package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/urfave/cli/v2"

	"hardway/plan"
)

// progress shows on standard error what is going on. Its methods may be called from several goroutines.
type progress interface {
	event(plan.Event)
	// quiet keeps the terminal to a question while it is asked.
	quiet(during func())
	// end takes off what is drawn; events after it show nothing more.
	end()
}

// newProgress is bars where a person sits at a terminal that can draw them, lines elsewhere, or events for scripts.
func (p *program) newProgress(ctx *cli.Context) progress {
	kind := ctx.String("progress")
	switch {
	case ctx.String("log-level") == "error":
		return nil
	case kind == "json":
		return &events{out: json.NewEncoder(jsonWriter{p.streams.Err}), last: map[string]time.Time{}}
	case kind == "auto" && bool(p.paint):
		if file, ok := p.streams.Err.(*os.File); ok {
			if screen := newScreen(file); screen != nil {
				return screen
			}
		}
	}
	return &lines{out: p.streams.Err, seen: tally{}}
}

func (p *program) endProgress() {
	if p.progress != nil {
		p.progress.end()
	}
}

// undisturbed asks a person something.
func (p *program) undisturbed(ask func()) {
	if p.progress == nil {
		ask()
		return
	}
	p.progress.quiet(ask)
}

// lines is progress where it is kept: what was said, and of long work now and then how far it has come.
type lines struct {
	mu   sync.Mutex
	out  io.Writer
	seen tally
	// told is when the last line was written.
	told  time.Time
	ended bool
}

// lineEvery is how often a line says how far long work has come.
const lineEvery = 5 * time.Second

func (l *lines) event(e plan.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return
	}
	if l.seen.take(e) || l.told.IsZero() {
		l.told = e.Time
	}
	if e.Message != "" {
		fmt.Fprintln(l.out, said(e))
		l.told = e.Time
		return
	}
	if e.Time.Sub(l.told) >= lineEvery && l.seen.any() {
		fmt.Fprintf(l.out, "%s: %s\n", l.seen.step, &l.seen)
		l.told = e.Time
	}
}

func (l *lines) quiet(during func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	during()
}

func (l *lines) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ended = true
}

// said is an event's message with what it is about.
func said(e plan.Event) string {
	where := e.Step
	if e.Host != "" {
		where += " " + e.Host
	}
	return printable(where + ": " + e.Message)
}

// events is progress for scripts: one JSON object per line.
type events struct {
	mu  sync.Mutex
	out *json.Encoder
	// last is when the bytes of a host or of a file were told of.
	last  map[string]time.Time
	ended bool
}

// eventEvery bounds how often the bytes of one host or file are told of.
const eventEvery = 200 * time.Millisecond

func (j *events) event(e plan.Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	counted := e.Files != nil && e.Files.Done > 0 || e.File != ""
	if counted && !through(e) && e.Time.Sub(j.last[rowOf(e)]) < eventEvery {
		return
	}
	j.last[rowOf(e)] = e.Time
	if !j.ended {
		_ = j.out.Encode(e)
	}
}

// quiet does not hold events back: who reads them is no person at a terminal.
func (j *events) quiet(during func()) { during() }

func (j *events) end() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ended = true
}
