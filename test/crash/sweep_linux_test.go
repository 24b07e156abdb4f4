package crash

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
)

// sweep is one way to crash one command at each of its points.
type sweep struct {
	// command is what is crashed, and point what the crash comes after or at: "file system calls killed".
	command, point string
	// points is how many an uncut run has.
	points int
	// sample is how far apart the points are that are tried unless every one is asked for, and slots how many are tried at the
	// same time.
	sample, slots int
	// crash tries one point in a directory of its own, which is removed afterwards. Points with different slots are tried at
	// the same time. reached is false where the run had ended before, because runs are not all of the same length.
	crash func(n, slot int, dir string) (reached bool, err error)
}

// computing is how many points are tried at the same time where there is something to compute most of the time.
func computing() int { return min(runtime.GOMAXPROCS(0), 4) }

// waiting is how many where members of etcd are waited for most of the time: one takes a second to stop, and one that begins
// a cluster to elect. More hosts take longer to make than a sample of points takes.
func waiting() int {
	if !*every {
		return computing()
	}
	return 3 * computing()
}

// run tries the points, and says how many.
func (s sweep) run(t *testing.T) {
	t.Helper()
	step := s.sample
	if *every {
		step = 1
	}
	var tried, failed atomic.Int64
	points := make(chan int)
	var workers sync.WaitGroup
	for slot := range s.slots {
		workers.Go(func() {
			for n := range points {
				reached, err := s.try(n, slot)
				if reached {
					tried.Add(1)
				}
				if err != nil {
					failed.Add(1)
					t.Errorf("%s, point %d of %d: %v", s.command, n, s.points, err)
				}
			}
		})
	}
	const enough = 5
	for n := *from; n <= min(s.points, *to) && failed.Load() < enough; n += step {
		points <- n
		if step == 1 && n%100 == 0 {
			t.Logf("at point %d of %d", n, s.points)
		}
	}
	close(points)
	workers.Wait()
	if step > 1 {
		t.Logf("%s: a sample, one of %d; make crash tries every point", s.command, step)
	}
	if *from > 1 || *to < s.points {
		t.Logf("%s: points %d to %d only", s.command, *from, min(s.points, *to))
	}
	t.Logf("%s: %d of %d %s, %d reruns finished", s.command, tried.Load(), s.points, s.point, tried.Load()-failed.Load())
	if tried.Load() == 0 {
		t.Errorf("%s: no point was reached", s.command)
	}
}

func (s sweep) try(n, slot int) (reached bool, err error) {
	dir, err := os.MkdirTemp(scratch, "point")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	return s.crash(n, slot, filepath.Join(dir, "work"))
}

// at puts into an error where the crash was.
func at(where fmt.Stringer, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("at %s: %w", where, err)
}
