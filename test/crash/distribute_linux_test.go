package crash

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// deliveries is the states from which distribute is crashed.
var deliveries = []struct {
	name    string
	prepare func(*running) error
}{
	{"to empty hosts", func(r *running) error { return r.do(render...) }},
	{"with keys of another kind", func(r *running) error {
		if err := r.do(append(render, "distribute")...); err != nil {
			return err
		}
		if err := r.edit("pki: {}", "pki: {key: {algorithm: ecdsa, size: 384}, signOnMasters: false}"); err != nil {
			return err
		}
		return r.do(render...)
	}},
}

var render = []string{"pki all", "kubeconfig all", "encryption-config", "render all"}

func TestCrashedDistribute(t *testing.T) {
	for _, d := range deliveries {
		t.Run(d.name, func(t *testing.T) {
			scene{command: "distribute", state: d.name, stages: set(t, d.prepare), sample: 23}.run(t)
		})
	}
}

// scene is a command that delivers to hosts, and the state that it is crashed from.
type scene struct {
	command, state string
	stages         []stage
	sample         int
	// also is what has to be true besides, right after the crash and after the rerun.
	also func(*running) error
}

// run kills the command at each of its changes, and cuts the connection of each host after each of its packets.
func (s scene) run(t *testing.T) {
	t.Helper()
	var calls int
	var packets map[string]int
	for i := range s.stages {
		var err error
		calls, packets, err = s.uncut(t, &s.stages[i])
		must(t, err)
	}
	sweeps := []sweep{{point: "changes killed", points: calls, crash: s.killed}}
	for _, host := range []string{"kmaster1", "etcd2"} { // etcd3 is to distribute what etcd2 is
		sweeps = append(sweeps, sweep{point: "packets of " + host + " cut off after", points: packets[host], crash: s.cut(host)})
	}
	for _, w := range sweeps {
		w.command, w.sample = s.command+" "+s.state, s.sample
		w.run(t)
	}
}

// uncut is how many changes a run makes that nothing happens to, and how many packets go to and from each host. It leaves
// in the stage what such a run ends with.
func (s scene) uncut(t *testing.T, on *stage) (calls int, packets map[string]int, err error) {
	r, err := on.copied(filepath.Join(t.TempDir(), "uncut"))
	if err != nil {
		return 0, nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	run, _, err := killed(0, r.work, strings.Fields(s.command)...)
	if err != nil {
		return 0, nil, err
	}
	packets = map[string]int{}
	for _, h := range hosts {
		if packets[h.name], err = r.Packets(h.name); err != nil {
			return 0, nil, err
		}
	}
	if more, err := changes(r.work, strings.Fields(s.command)...); err != nil || len(more) > 0 {
		return 0, nil, fmt.Errorf("a second run changes %v, %w", more, err)
	}
	on.want, err = r.look()
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
			reached := false
			if err := r.CutAfter(host, n, func() { reached = true }); err != nil {
				return false, nil, err
			}
			out, err := hardway(r.work, strings.Fields(s.command)...)
			if !reached {
				return false, nil, err
			}
			// A cut after all is said makes no difference to the run; any other has to be told.
			if err != nil && !strings.Contains(out, host) {
				return true, nil, fmt.Errorf("the message does not name %s: %s", host, out)
			}
			return true, said(firstLine(out)), r.CutAfter(host, 0, nil)
		})
	}
}

// point crashes a copy of the stage and holds what has to be true.
func (s scene) point(slot int, dir string, crash func(*running) (bool, fmt.Stringer, error)) (reached bool, err error) {
	r, err := s.stages[slot].copied(dir)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	before, err := r.look()
	if err != nil {
		return false, err
	}
	reached, where, err := crash(r)
	if err != nil || !reached {
		return reached, err
	}
	return true, at(where, s.finishes(r, before, s.stages[slot].want))
}

// finishes runs the command once more, and holds what has to be true of the hosts before and after.
func (s scene) finishes(r *running, before, want map[string]tree) error {
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
	if err := r.do(s.command); err != nil {
		return fmt.Errorf("the rerun failed: %w", err)
	}
	after, err := r.look()
	if err != nil {
		return err
	}
	for host, t := range after {
		if err := errors.Join(crashed[host].whole(before[host], t), t.private(etcdGroup), t.matching(), t.clean(), t.same(want[host])); err != nil {
			return fmt.Errorf("%s, after the rerun: %w", host, err)
		}
	}
	if err := r.reloaded(); err != nil || s.also == nil {
		return err
	}
	return s.also(r)
}

type said string

func (s said) String() string { return "`" + string(s) + "`" }

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return line
}
