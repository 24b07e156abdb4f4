package crash

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// alternation is a place for changes of what runs: hosts stay up from point to point, and each point changes them from one
// of two states to the other, because a cluster takes longer to form than to change.
type alternation struct{ of []*alternating }

type alternating struct {
	stage stage
	r     *running
	// now is the state of the hosts; want is what stands there in either.
	now  int
	want [2]map[string]tree
}

// works is the work directories of the states, the second made by other.
var works = [2]string{"work", "work2"}

// alternate makes the place from stages whose hosts run what work gives. other makes the second work directory from a copy
// of the first.
func alternate(t *testing.T, stages []stage, other func(work string) error) *alternation {
	t.Helper()
	a := &alternation{}
	for _, s := range stages {
		second := filepath.Join(s.dir, works[1])
		must(t, errors.Join(copyTree(second, filepath.Join(s.dir, works[0])), other(second)))
		slot := &alternating{stage: s}
		t.Cleanup(func() {
			if slot.r != nil {
				must(t, slot.r.Close())
			}
		})
		a.of = append(a.of, slot)
	}
	return a
}

func (a *alternation) slots() int  { return len(a.of) }
func (a *alternation) states() int { return len(works) }

func (a *alternation) take(slot int, _ string) (*running, map[string]tree, error) {
	s := a.of[slot]
	if s.r == nil {
		if err := s.boot(); err != nil {
			return nil, nil, err
		}
	}
	next := 1 - s.now
	s.r.work, s.r.unchanged = filepath.Join(filepath.Dir(s.r.work), works[next]), false
	return s.r, s.want[next], nil
}

// boot begins from the stage, with hosts of its own.
func (s *alternating) boot() (err error) {
	dir, err := os.MkdirTemp(scratch, "alternate")
	if err != nil {
		return err
	}
	dir = filepath.Join(dir, "hosts")
	if s.r, err = s.stage.copied(dir); err != nil {
		return err
	}
	s.now = 0
	if err := copyTree(filepath.Join(dir, works[1]), filepath.Join(s.stage.dir, works[1])); err != nil {
		return err
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		if err = s.r.serves(); err == nil || time.Now().After(end) {
			return err
		}
	}
}

func (a *alternation) give(slot int, r *running, failed error) error {
	s := a.of[slot]
	if failed != nil {
		s.r = nil
		return errors.Join(failed, r.Close())
	}
	if !r.unchanged {
		s.now = 1 - s.now
	}
	return nil
}

func (a *alternation) learn(slot int, after map[string]tree) {
	s := a.of[slot]
	s.want[1-s.now] = after
}

// processes is the main process of etcd on each host.
func (r *running) processes() string {
	var pids []int
	for _, h := range hosts {
		unit, _ := r.Unit(h.name, "etcd.service")
		pids = append(pids, unit.MainPID)
	}
	return fmt.Sprint(pids)
}
