package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"hardway/plan"
)

// screen is progress on a terminal: a bar per host while files are sent, one bar for all where they are more than fit, and
// above them what was said. Work that is done within a second shows nothing.
type screen struct {
	mu   sync.Mutex
	file *os.File
	seen tally
	// held is what was said before anything is shown, awake that it is shown.
	held  []string
	awake bool
	wake  *time.Timer
	ended bool

	// drawn is the bars that stand on the terminal now, nil while none do.
	drawn *mpb.Progress
	bars  map[string]*mpb.Bar
	// at is when they were brought up to what was seen.
	at time.Time
	// captions is what stands behind each bar: a sync.Map, because the bars' own goroutines read it.
	captions *sync.Map
}

const (
	// patience is how long work may take before it shows.
	patience = time.Second
	// redraw is how often bars move.
	redraw = 100 * time.Millisecond
	// leastWidth is of a terminal that has room for a bar, in columns.
	leastWidth = 40
	// mostBars bounds bars of single hosts, as does the terminal's height with some lines left for what is said.
	mostBars, spareLines = 20, 6
)

// newScreen is nil for a terminal that has no room.
func newScreen(file *os.File) *screen {
	width, _, err := term.GetSize(int(file.Fd()))
	if err != nil || width < leastWidth {
		return nil
	}
	return &screen{file: file}
}

func (s *screen) event(e plan.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	if s.wake == nil {
		s.wake = time.AfterFunc(patience, s.show)
	}
	if s.seen.take(e) {
		s.clear()
	}
	switch {
	case !s.awake && e.Message != "":
		s.held = append(s.held, said(e))
	case s.awake && e.Message != "":
		s.write(said(e))
	}
	if (e.Files != nil || e.File != "") && !through(e) && e.Time.Sub(s.at) < redraw {
		return
	}
	s.at = e.Time
	s.draw()
}

// show ends the patience.
func (s *screen) show() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return
	}
	s.awake = true
	for _, line := range s.held {
		s.write(line)
	}
	s.held = nil
	s.draw()
}

// write puts a line above the bars.
func (s *screen) write(line string) {
	var out io.Writer = s.file
	if s.drawn != nil {
		out = s.drawn
	}
	fmt.Fprintln(out, line)
}

// draw brings the bars up to what was seen.
func (s *screen) draw() {
	if !s.awake || !s.seen.any() {
		return
	}
	rows := s.rows()
	if _, single := s.bars[""]; len(s.bars) > 0 && single != (rows[0] == "") {
		s.clear() // there have come to be too many hosts for a bar each
	}
	if s.drawn == nil {
		s.drawn = mpb.New(mpb.WithOutput(s.file), mpb.WithRefreshRate(redraw), mpb.WithAutoRefresh())
		s.bars, s.captions = map[string]*mpb.Bar{}, &sync.Map{}
	}
	for _, row := range rows {
		s.captions.Store(row, s.caption(row))
		bar := s.bars[row]
		if bar == nil {
			bar = s.add(row)
			s.bars[row] = bar
		}
		count := s.count(row)
		bar.SetTotal(count.Total, false)
		bar.SetCurrent(count.Done)
	}
}

// rows is the hosts that have a bar each, or "" alone for one bar of all.
func (s *screen) rows() []string {
	_, height, err := term.GetSize(int(s.file.Fd()))
	room := min(mostBars, height-spareLines)
	if n := len(s.seen.order); err != nil || n == 0 || n > room || s.seen.hosts.Total > int64(room) {
		return []string{""}
	}
	return s.seen.order
}

// count is what a row's bar measures: bytes where they are known.
func (s *screen) count(row string) plan.Count {
	switch {
	case row != "":
		return *s.seen.of[row].Bytes
	case s.seen.bytes.Total > 0:
		return s.seen.bytes
	}
	return s.seen.hosts
}

func (s *screen) add(row string) *mpb.Bar {
	name := row
	if row == "" {
		name = s.seen.doing()
	}
	captions := s.captions
	caption := func(decor.Statistics) string {
		text, _ := captions.Load(row)
		return text.(string)
	}
	// Without a total here a bar does not end by itself, and so clear can take it off.
	return s.drawn.New(0, mpb.BarStyle().Lbound("[").Filler("=").Tip(">").Padding(" ").Rbound("]"),
		mpb.PrependDecorators(decor.Name(name+" ", decor.WCSyncSpaceR)),
		mpb.AppendDecorators(decor.Any(caption, decor.WCSyncSpace)),
	)
}

// caption is what stands behind a bar.
func (s *screen) caption(row string) string {
	e := s.seen.of[row]
	switch {
	case row != "" && e.Files == nil:
		return amount(*e.Bytes)
	case row != "":
		return fmt.Sprintf("%d/%d files, %s", e.Files.Done, e.Files.Total, amount(*e.Bytes))
	case s.seen.bytes.Total > 0:
		return fmt.Sprintf("%d/%d %s, %s", s.seen.hosts.Done, s.seen.hosts.Total, s.seen.what(), amount(s.seen.bytes))
	}
	return fmt.Sprintf("%d/%d %s", s.seen.hosts.Done, s.seen.hosts.Total, s.seen.what())
}

// clear takes the bars off the terminal.
func (s *screen) clear() {
	if s.drawn == nil {
		return
	}
	for _, bar := range s.bars {
		bar.Abort(true)
	}
	s.drawn.Wait()
	s.drawn, s.bars = nil, nil
}

func (s *screen) quiet(during func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clear()
	during()
}

func (s *screen) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wake != nil {
		s.wake.Stop()
	}
	s.clear()
	s.ended = true
}
