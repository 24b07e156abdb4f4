package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"syscall"
	"time"
)

// contestant is one way to do a job.
type contestant struct {
	name string
	// most is how many rounds it takes part in, 0 is all: for what takes long.
	most int
	// run does the job once in a new directory and says how long it took, preparations not counted.
	run func(ctx context.Context, dir string) (time.Duration, error)
}

// matchup is a row of a race: ours against another contestant, by their names.
type matchup struct {
	row, ours, other string
	target           target
}

// times is a contestant's times by round; 0 where it sat out.
type times []time.Duration

// race runs all contestants in turns, after a round that does not count, and compares them.
func (b *bench) race(ctx context.Context, contestants []contestant, matchups []matchup) ([]row, error) {
	all := map[string]times{}
	for round := -1; round < b.rounds; round++ {
		for i := range contestants {
			c := contestants[(i+max(round, 0))%len(contestants)]
			if !c.takesPart(round, b.rounds) {
				all[c.name] = append(all[c.name], 0)
				continue
			}
			took, err := b.once(ctx, c)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.name, err)
			}
			fmt.Fprintf(b.progress, "round %d of %d: %-28s %s\n", round+1, b.rounds, c.name, rounded(took))
			all[c.name] = append(all[c.name], took)
		}
	}
	var rows []row
	for _, m := range matchups {
		rows = append(rows, m.compare(all[m.ours][1:], all[m.other][1:]))
	}
	return rows, nil
}

// takesPart spreads the rounds of a slow contestant; it also skips the round that does not count.
func (c contestant) takesPart(round, rounds int) bool {
	if c.most == 0 || c.most >= rounds {
		return true
	}
	return round >= 0 && round*c.most%rounds < c.most
}

// once runs a contestant in a new directory, with nothing left unwritten by the one before it.
func (b *bench) once(ctx context.Context, c contestant) (time.Duration, error) {
	dir, err := b.fresh()
	if err != nil {
		return 0, err
	}
	return c.run(ctx, dir)
}

// fresh is a new directory on a disk that has nothing left to write. It is deleted only when everything is measured: for
// minutes ext4 passes over the inodes of deleted files one by one, and who made files next would pay for that.
func (b *bench) fresh() (string, error) {
	dir, err := os.MkdirTemp(b.dir, "run-")
	syscall.Sync()
	return dir, err
}

func (m matchup) compare(ours, other times) row {
	ratio := func(a, b time.Duration) float64 {
		if m.target.most > 0 {
			return a.Seconds() / b.Seconds()
		}
		return b.Seconds() / a.Seconds()
	}
	var each []float64
	for i := range ours {
		if ours[i] > 0 && other[i] > 0 {
			each = append(each, ratio(ours[i], other[i]))
		}
	}
	r := ratio(ours.median(), other.median())
	return row{
		name: m.row, ours: ours.String(), other: other.String(), target: m.target.times(), met: m.target.met(r),
		ratio: fmt.Sprintf("%s (%s–%s)", figure(r), figure(slices.Min(each)), figure(slices.Max(each))),
	}
}

// taken is the times of the rounds it took part in, the shortest first.
func (t times) taken() []time.Duration {
	taken := slices.DeleteFunc(slices.Clone(t), func(d time.Duration) bool { return d == 0 })
	slices.Sort(taken)
	return taken
}

func (t times) median() time.Duration { return median(t.taken()) }

// median of sorted values: the middle one, or the mean of the two in the middle.
func median(sorted []time.Duration) time.Duration {
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// String is the median, with the number of runs where that is not the number of rounds.
func (t times) String() string {
	taken := t.taken()
	if len(taken) == len(t) {
		return rounded(median(taken))
	}
	return fmt.Sprintf("%s (%d runs)", rounded(median(taken)), len(taken))
}

// rounded is a duration with three digits.
func rounded(d time.Duration) string {
	for unit := time.Microsecond; unit < time.Minute; unit *= 10 {
		if d < 1000*unit {
			return d.Round(unit).String()
		}
	}
	return d.Round(time.Second).String()
}
