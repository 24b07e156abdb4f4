package plan

import (
	"testing"
	"time"

	"hardway/rollout"
)

// Two operators, one with a clock that is a day slow: the newest run is the one that came last, not the one that says so.
func TestTheNewestRunIsNotTheOneOfTheFastestClock(t *testing.T) {
	noon := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	// on is a host's run: when it was, and how wrong the operator's clock is.
	on := func(run string, at, wrong time.Duration) rollout.Generation {
		return rollout.Generation{Run: run, At: noon.Add(at + wrong), Kept: noon.Add(at)}
	}
	const slow = -24 * time.Hour
	for name, c := range map[string]struct {
		hosts [][]rollout.Generation // the newest first
		want  string
	}{
		"nothing is kept":       {[][]rollout.Generation{nil, nil}, ""},
		"on the same hosts":     {[][]rollout.Generation{{on("slow", 2, slow), on("right", 1, 0)}, {on("slow", 2, slow), on("right", 1, 0)}}, "slow"},
		"on one of them":        {[][]rollout.Generation{{on("slow", 2, slow), on("right", 1, 0)}, {on("right", 1, 0)}}, "slow"},
		"on the other of them":  {[][]rollout.Generation{{on("right", 1, 0)}, {on("slow", 2, slow), on("right", 1, 0)}}, "slow"},
		"a host's clock is off": {[][]rollout.Generation{{on("slow", 2, slow), on("right", 1, 0)}, {on("right", time.Hour, 0)}}, "slow"},
		"on others":             {[][]rollout.Generation{{on("right", 1, 0)}, {on("slow", 2, slow)}, nil}, "slow"},
		"the slow one first":    {[][]rollout.Generation{{on("slow", 1, slow)}, {on("right", 2, 0), on("slow", 1, slow)}}, "right"},
		"in a circle":           {[][]rollout.Generation{{on("a", 1, 0), on("b", 0, 0)}, {on("b", 2, 0), on("a", 1, 0)}}, "b"},
	} {
		t.Run(name, func(t *testing.T) {
			var all []kept
			for _, generations := range c.hosts {
				all = append(all, kept{generations: generations})
			}
			if got := lastOf(all); got.Run != c.want {
				t.Errorf("the newest run is %q, want %q", got.Run, c.want)
			}
		})
	}
}
