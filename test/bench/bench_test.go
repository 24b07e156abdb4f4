package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

const ms = time.Millisecond

func TestRatiosSayHowMuchFasterOrHowMuchSlower(t *testing.T) {
	ours, other := times{10 * ms, 20 * ms, 30 * ms}, times{100 * ms, 0, 60 * ms}
	for name, c := range map[string]struct {
		target target
		want   row
	}{
		"at least, met":    {atLeast(4), row{ratio: "4.00 (2.00–10.0)", target: "≥ 4×", met: true}},
		"at least, missed": {atLeast(4.1), row{ratio: "4.00 (2.00–10.0)", target: "≥ 4.1×"}},
		"at most, met":     {atMost(0.25), row{ratio: "0.25 (0.10–0.50)", target: "≤ 0.25×", met: true}},
		"at most, missed":  {atMost(0.2), row{ratio: "0.25 (0.10–0.50)", target: "≤ 0.2×"}},
	} {
		t.Run(name, func(t *testing.T) {
			c.want.name, c.want.ours, c.want.other = "a row", "20ms", "80ms (2 runs)"
			if got := (matchup{row: "a row", target: c.target}).compare(ours, other); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestSlowContestantsTakePartInAsManyRoundsAsTheyShould(t *testing.T) {
	for _, rounds := range []int{1, 2, 5, 9, 15} {
		for _, most := range []int{0, 1, 2, 5, 7} {
			want, got := min(most, rounds), 0
			if most == 0 {
				want = rounds
			}
			for round := range rounds {
				if (contestant{most: most}).takesPart(round, rounds) {
					got++
				}
			}
			if got != want {
				t.Errorf("%d of %d rounds, at most %d", got, rounds, most)
			}
		}
	}
}

func TestARaceStopsAtTheFirstFailureAndNamesIt(t *testing.T) {
	b := &bench{dir: t.TempDir(), rounds: 2, progress: io.Discard}
	fails := contestant{name: "the broken one", run: func(context.Context, string) (time.Duration, error) { return 0, errors.New("no such option") }}
	if _, err := b.race(t.Context(), []contestant{fails}, nil); err == nil || !strings.Contains(err.Error(), "the broken one: no such option") {
		t.Errorf("got %v", err)
	}
}

func TestAMissingToolIsAnErrorThatNamesIt(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	hardway := t.TempDir()
	err := (&bench{hardway: hardway}).check("B1")
	if err == nil || !strings.Contains(err.Error(), "cfssl") {
		t.Errorf("got %v", err)
	}
}

func TestTheReportSaysWhatIsMissed(t *testing.T) {
	var out bytes.Buffer
	rows := []row{{name: "good", met: true}, {name: "bad"}}
	if err := report(&out, &bench{dir: t.TempDir()}, rows); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		name, _, _ := strings.Cut(line, " ")
		if missed := strings.Contains(line, "MISSED"); missed != (name == "bad") {
			t.Errorf("line %q", line)
		}
	}
}

func TestRawLoopsWriteWhatOursWrites(t *testing.T) {
	for name, run := range map[string]func(context.Context, string) (time.Duration, error){"one by one": rawOneByOne, "side by side": rawSideBySide} {
		if _, err := run(t.Context(), t.TempDir()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	dir := t.TempDir()
	if _, err := issueInProcess(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(dir + "/pki/sa.pub"); err != nil {
		t.Fatal(err)
	}
	if err := sameSize(t.Context(), dir); err == nil {
		t.Error("a file less was no difference")
	}
}

// TestRoundTripsAreWhatSomethingWaitsFor exchanges words with a server, once waiting for each answer and once not.
func TestRoundTripsAreWhatSomethingWaitsFor(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	go func() {
		for conn, err := server.Accept(); err == nil; conn, err = server.Accept() {
			go func() { _, _ = io.Copy(conn, conn) }()
		}
	}()
	between, err := newProxy(t.Context(), "127.0.0.1:0", server.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{rounds: 1, progress: io.Discard}
	for name, c := range map[string]struct {
		waits int
		words int
		met   bool
	}{"two questions": {2, 1, true}, "three questions": {3, 1, false}, "many words at once": {1, 10, true}} {
		counted, err := b.countTrips(t.Context(), name, []*proxy{between}, func(context.Context) (time.Duration, error) {
			return exchange(between.listener.Addr().String(), c.waits, c.words)
		})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(counted.ours, string(rune('0'+c.waits))+" ") || counted.met != c.met {
			t.Errorf("%s: got %+v", name, counted)
		}
	}
	if err := between.close(); err != nil {
		t.Error(err)
	}
}

// exchange sends words and waits until all of them are back, so many times over.
func exchange(address string, waits, words int) (time.Duration, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	buffer := make([]byte, 4)
	began := time.Now()
	for range waits {
		for range words {
			if _, err := conn.Write(buffer); err != nil {
				return 0, err
			}
		}
		for range words {
			if _, err := io.ReadFull(conn, buffer); err != nil {
				return 0, err
			}
		}
	}
	return time.Since(began), nil
}
