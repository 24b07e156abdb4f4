package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"hardway/plan"
)

// display is a terminal as far as the bars use one: it writes over lines, goes up, and clears what is below.
type display struct {
	lines  []string
	row    int
	widest int
}

var control = regexp.MustCompile(`^\x1b\[(\d*)([A-Za-z])`)

func (d *display) take(data []byte) error {
	for len(data) > 0 {
		if m := control.FindSubmatch(data); m != nil {
			n, _ := strconv.Atoi(string(m[1]))
			switch m[2][0] {
			case 'A':
				d.row -= max(n, 1)
			case 'J':
				d.lines = d.lines[:min(d.row, len(d.lines))]
			case 'm':
			default:
				return fmt.Errorf("unknown control %q", m[0])
			}
			data = data[len(m[0]):]
			continue
		}
		switch c := data[0]; c {
		case '\n':
			d.row++
		case '\r':
		case 0x1b:
			return fmt.Errorf("unknown control %.10q", data)
		default:
			for len(d.lines) <= d.row {
				d.lines = append(d.lines, "")
			}
			d.lines[d.row] += string(c)
			d.widest = max(d.widest, len(d.lines[d.row]))
		}
		data = data[1:]
	}
	return nil
}

// watched runs work on a screen of that size and gives back everything that was written and what stands there at the end.
func watched(t *testing.T, width, height int, work func(*screen, *os.File)) (all string, end *display) {
	t.Helper()
	control, terminal, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer control.Close()
	if err := pty.Setsize(control, &pty.Winsize{Rows: uint16(height), Cols: uint16(width)}); err != nil {
		t.Fatal(err)
	}
	read := make(chan []byte, 1)
	go func() {
		var data bytes.Buffer
		_, _ = io.Copy(&data, control) // ends with an error when the terminal is closed
		read <- data.Bytes()
	}()
	s := newScreen(terminal)
	if s == nil {
		t.Fatal("no room on the terminal")
	}
	work(s, terminal)
	s.end()
	fmt.Fprintln(terminal, "the result")
	terminal.Close()
	data := <-read
	end = &display{}
	if err := end.take(data); err != nil {
		t.Fatal(err)
	}
	return string(data), end
}

func sending(host string, files, bytes int64) plan.Event {
	return plan.Event{Time: time.Now(), Step: "distribute", Phase: plan.PhaseSend, Host: host,
		Files: &plan.Count{Done: files, Total: 10}, Bytes: &plan.Count{Done: bytes, Total: 10 << 20}}
}

func message(text string) plan.Event {
	return plan.Event{Time: time.Now(), Step: "distribute", Phase: plan.PhaseStage, Message: text}
}

// send has hosts send their files over some time.
func send(s *screen, hosts int, during time.Duration) {
	const steps = 20
	for i := range int64(steps + 1) {
		for h := range hosts {
			s.event(sending(fmt.Sprintf("kmaster%d", h+1), i/2, i*(10<<20)/steps))
		}
		time.Sleep(during / steps)
	}
}

func TestShortWorkShowsNothing(t *testing.T) {
	all, end := watched(t, 80, 24, func(s *screen, _ *os.File) {
		s.event(message("staging on 3 hosts"))
		send(s, 3, 200*time.Millisecond)
	})
	if len(end.lines) != 1 || end.lines[0] != "the result" || strings.Contains(all, "\x1b") {
		t.Errorf("shown was %q", all)
	}
}

func TestABarForEachHostAndNothingLeftOfThem(t *testing.T) {
	all, end := watched(t, 80, 24, func(s *screen, _ *os.File) {
		s.event(message("staging on 3 hosts"))
		send(s, 3, 1800*time.Millisecond)
		s.event(plan.Event{Time: time.Now(), Step: "distribute", Phase: "commit", Host: "kmaster1", Message: "done"})
	})
	for _, want := range []string{"kmaster1", "kmaster3", "[=", "/10 files", "MiB"} {
		if !strings.Contains(all, want) {
			t.Errorf("never shown: %s", want)
		}
	}
	want := []string{"distribute: staging on 3 hosts", "distribute kmaster1: done", "the result"}
	if strings.Join(end.lines, "\n") != strings.Join(want, "\n") {
		t.Errorf("left is\n%s\nof %q", strings.Join(end.lines, "\n"), all)
	}
	if end.widest > 80 {
		t.Errorf("a line of %d columns", end.widest)
	}
}

func TestManyHostsHaveOneBar(t *testing.T) {
	all, end := watched(t, 60, 15, func(s *screen, _ *os.File) { send(s, 1000, 1800*time.Millisecond) })
	if strings.Contains(all, "kmaster") || !strings.Contains(all, "/1000 hosts") || end.widest > 60 {
		t.Errorf("%d columns: %.400q", end.widest, all)
	}
	if len(end.lines) != 1 {
		t.Errorf("left is %q", end.lines)
	}
}

// A question has the terminal for itself: bars are gone, and what happens meanwhile draws nothing.
func TestQuestionsAreNotDrawnOver(t *testing.T) {
	all, end := watched(t, 80, 24, func(s *screen, terminal *os.File) {
		send(s, 2, 1300*time.Millisecond)
		go send(s, 2, 500*time.Millisecond)
		s.quiet(func() {
			fmt.Fprint(terminal, "password: ")
			time.Sleep(300 * time.Millisecond)
			fmt.Fprint(terminal, "<asked>\n")
		})
		time.Sleep(400 * time.Millisecond)
	})
	if !strings.Contains(all, "password: <asked>") {
		t.Errorf("drawn over: %q", all)
	}
	if len(end.lines) != 2 || end.lines[0] != "password: <asked>" {
		t.Errorf("left is %q", end.lines)
	}
}
