package crash

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// scene is a command that delivers to hosts, and the state that it is crashed from.
type scene struct {
	command, state string
	place          place
	sample         int
	// also is what has to be true besides after the rerun.
	also func(*running) error
	// inTurn cuts off one host at each packet, another one at the next: where all of them are to the command what the others
	// are.
	inTurn bool
	// known is the states that a rerun has finished from.
	known *states
}

// place gives a point the hosts that it is tried on, and takes them back.
type place interface {
	// take gives hosts in the state that the command is crashed from, and what stands on them after a run that nothing
	// happened to.
	take(slot int, dir string) (r *running, want map[string]tree, err error)
	// give takes them back; an error says that they are not to be used again.
	give(slot int, r *running, failed error) error
	// learn is told, in each slot, what stands on the hosts after a run that nothing happened to.
	learn(slot int, after map[string]tree)
	// slots is how many points are tried at the same time, and states how many states each of them goes through.
	slots() int
	states() int
}

// copies is a place where each point has hosts of its own, copied from a stage.
type copies struct{ stages []stage }

func (c *copies) take(slot int, dir string) (*running, map[string]tree, error) {
	r, err := c.stages[slot].copied(dir)
	return r, c.stages[slot].want, err
}

func (c *copies) slots() int  { return len(c.stages) }
func (c *copies) states() int { return 1 }

func (c *copies) give(_ int, r *running, failed error) error { return errors.Join(failed, r.Close()) }

func (c *copies) learn(slot int, after map[string]tree) { c.stages[slot].want = after }

// run kills the command at each of its changes, and cuts the connection of each host after each of its packets.
func (s scene) run(t *testing.T) {
	t.Helper()
	s.known = &states{}
	var calls int
	var packets map[string]int
	for i := range s.place.slots() * s.place.states() {
		var err error
		calls, packets, err = s.uncut(i%s.place.slots(), filepath.Join(t.TempDir(), "uncut"))
		must(t, err)
	}
	sweeps := []sweep{{point: "changes killed", points: calls, crash: s.killed}}
	if s.inTurn {
		sweeps = append(sweeps, sweep{
			point: "packets cut off after, of one host after the other", points: slices.Max(slices.Collect(maps.Values(packets))),
			crash: func(n, slot int, dir string) (bool, error) { return s.cut(hosts[n%len(hosts)].name)(n, slot, dir) },
		})
	} else {
		for _, host := range []string{"kmaster1", "etcd2"} { // etcd3 is to distribute what etcd2 is
			sweeps = append(sweeps, sweep{point: "packets of " + host + " cut off after", points: packets[host], crash: s.cut(host)})
		}
	}
	for _, w := range sweeps {
		w.command, w.sample, w.slots = s.command+" "+s.state, s.sample, s.place.slots()
		t.Run(w.point, w.run)
	}
	t.Logf("%s %s: the hosts were left in %d states in which nothing ran, or nothing had changed; one rerun for each", s.command, s.state, len(s.known.finished))
}

// uncut is how many changes a run makes that nothing happens to, and how many packets go to and from each host.
func (s scene) uncut(slot int, dir string) (calls int, packets map[string]int, err error) {
	r, _, err := s.place.take(slot, dir)
	if err != nil {
		return 0, nil, err
	}
	defer func() { err = s.place.give(slot, r, err) }()
	before := r.packets()
	run, _, err := killed(0, r.work, strings.Fields(s.command)...)
	if err != nil {
		return 0, nil, err
	}
	packets = r.packets()
	for host := range packets {
		packets[host] -= before[host]
	}
	if more, err := changes(r.work, strings.Fields(s.command)...); err != nil || len(more) > 0 {
		return 0, nil, fmt.Errorf("a second run changes %v, %w", more, err)
	}
	after, err := r.look()
	s.place.learn(slot, after)
	return len(run.Calls), packets, err
}

func (s scene) killed(n, slot int, dir string) (bool, error) {
	return s.point(slot, dir, func(r *running) (reached bool, where fmt.Stringer, err error) {
		run, _, err := killed(n, r.work, strings.Fields(s.command)...)
		if err != nil || !run.Killed {
			return false, nil, err
		}
		return true, run.Calls[n-1], nil
	})
}

func (s scene) cut(host string) func(n, slot int, dir string) (bool, error) {
	return func(n, slot int, dir string) (bool, error) {
		return s.point(slot, dir, func(r *running) (bool, fmt.Stringer, error) {
			var reached atomic.Bool
			if err := r.CutAfter(host, n, func() { reached.Store(true) }); err != nil {
				return false, nil, err
			}
			out, err := hardway(r.work, strings.Fields(s.command)...)
			// What this run did not get to would cut off the next one on these hosts.
			never := r.CutAfter(host, 0, nil)
			if !reached.Load() {
				return false, nil, errors.Join(err, never)
			}
			// A cut after all is said makes no difference to the run; any other has to be told.
			if err != nil && !strings.Contains(out, host) {
				return true, nil, fmt.Errorf("the message does not name %s: %s", host, out)
			}
			return true, said(firstLine(out)), never
		})
	}
}

// point crashes the command once and holds what has to be true.
func (s scene) point(slot int, dir string, crash func(*running) (bool, fmt.Stringer, error)) (reached bool, err error) {
	r, want, err := s.place.take(slot, dir)
	if err != nil {
		return false, err
	}
	defer func() { err = s.place.give(slot, r, err) }()
	processes := r.processes()
	before, err := r.look()
	if err != nil {
		return false, err
	}
	reached, where, err := crash(r)
	if err != nil || !reached {
		return reached, err
	}
	return true, at(where, s.finishes(r, before, want, processes))
}

// finishes runs the command once more, and holds what has to be true of the hosts before and after.
func (s scene) finishes(r *running, before, want map[string]tree, processes string) error {
	if err := r.settled(); err != nil {
		return err
	}
	crashed, err := r.look()
	if err != nil {
		return err
	}
	for host, t := range crashed {
		if err := errors.Join(t.private(etcdGroup), t.matching()); err != nil {
			return fmt.Errorf("%s, right after the crash: %w", host, err)
		}
	}
	state, err := r.state()
	if err != nil {
		return err
	}
	unchanged := r.processes() == processes && reflect.DeepEqual(before, crashed)
	if unchanged && state == "" {
		state = "as before, " + r.work
	}
	if s.known.done(state) {
		r.unchanged = unchanged
		return nil
	}
	out, err := hardway(r.work, strings.Fields(s.command)...)
	if err != nil {
		return fmt.Errorf("the rerun failed: %w", err)
	}
	after, err := r.look()
	if err != nil {
		return err
	}
	for host, t := range after {
		if err := errors.Join(crashed[host].whole(before[host], t), t.private(etcdGroup), t.matching(), t.clean(), t.same(want[host])); err != nil {
			return fmt.Errorf("%s, after the rerun: %w, which said\n%s", host, err, out)
		}
	}
	if err := r.reloaded(); err != nil {
		return err
	}
	if s.also != nil {
		if err := s.also(r); err != nil {
			return err
		}
	}
	s.known.add(state)
	return nil
}

type said string

func (s said) String() string { return "`" + string(s) + "`" }

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
