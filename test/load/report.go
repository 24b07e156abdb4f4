package load

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Report is what a load has seen.
type Report struct {
	// Requests is all that were sent, Kinds the same by what the client did: read, write, slow, watch.
	Requests int
	Kinds    map[string]int
	// Took is how long the load lasted.
	Took time.Duration
	// Failures is requests that failed, in order.
	Failures []Failure
	// CutShort is watches that ended well, but before their time: what every API server does to its watches when it stops.
	CutShort []Failure
	// Gaps is the longest that any reader and any writer waited between two answers, by what it does: read, write. LongestGap is
	// the longer one.
	Gaps       map[string]Gap
	LongestGap Gap
	// Lost is acknowledged writes that are not there, Missed is those that a watcher was never told of although it went on
	// where its last watch had ended.
	Lost, Missed []string
}

// Failure is one request that failed: by its status, or by an error.
type Failure struct {
	Client string
	At     time.Time
	// After is how long the request had been under way.
	After       time.Duration
	Method, URL string
	Status      int
	// Err is why there was no answer, or what the answer says.
	Err error
}

// Gap is a time without an answer.
type Gap struct {
	Client string
	At     time.Time
	Length time.Duration
}

// Failed is how many requests failed, and writes were lost or missed. Watches that were cut short are not among it.
func (r Report) Failed() int { return len(r.Failures) + len(r.Lost) + len(r.Missed) }

func (l *Load) report() Report {
	l.tally.mu.Lock()
	defer l.tally.mu.Unlock()
	r := Report{
		Kinds: map[string]int{}, Took: time.Since(l.began), Gaps: maps.Clone(l.tally.gaps),
		Failures: slices.Clone(l.tally.failures), CutShort: slices.Clone(l.tally.cut),
	}
	for client, n := range l.tally.requests {
		r.Kinds[kindOf(client)] += n
		r.Requests += n
	}
	for _, gap := range r.Gaps {
		if gap.Length > r.LongestGap.Length {
			r.LongestGap = gap
		}
	}
	return r
}

// shown is how many failures of a sort are printed.
const shown = 20

// String is for people: the sums, and the first failures of each sort.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d requests in %s (%d reads, %d writes, %d slow writes, %d watches): %d failed, %d writes lost, %d missed by watchers, %d watches cut short; longest gap %s (%s at %s)",
		r.Requests, r.Took.Round(time.Second), r.Kinds["read"], r.Kinds["write"], r.Kinds["slow"], r.Kinds["watch"],
		len(r.Failures), len(r.Lost), len(r.Missed), len(r.CutShort), r.LongestGap.Length.Round(time.Millisecond), r.LongestGap.Client, r.LongestGap.At.Format(clock))
	for _, some := range [][]Failure{r.Failures, r.CutShort} {
		for _, f := range some[:min(len(some), shown)] {
			fmt.Fprintf(&b, "\n%s", f)
		}
	}
	for _, some := range [][]string{r.Lost, r.Missed} {
		for _, line := range some[:min(len(some), shown)] {
			fmt.Fprintf(&b, "\n%s", line)
		}
	}
	return b.String()
}

const clock = "15:04:05.000"

func (f Failure) String() string {
	text := fmt.Sprintf("%s %s %s %s after %s:", f.At.Format(clock), f.Client, f.Method, f.URL, f.After.Round(time.Millisecond))
	if f.Status > 0 {
		text += fmt.Sprintf(" status %d", f.Status)
	}
	if f.Err != nil {
		text += " " + f.Err.Error()
	}
	if f.Status == 0 && f.Err == nil {
		text += " ended before its time"
	}
	return text
}
