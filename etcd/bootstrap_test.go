package etcd

import (
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// carryOut does what a decision says with real members, in its order.
func (ms *members) carryOut(d Decision) {
	ms.t.Helper()
	for _, host := range d.Arm {
		ms.of[host].arm("new")
	}
	for _, host := range d.Start {
		ms.of[host].start()
	}
	for _, host := range d.Start {
		ms.of[host].awaitReady()
	}
}

func (ms *members) decide() Decision {
	ms.t.Helper()
	decision, problems := DecideStart(ms.facts())
	if len(problems) > 0 {
		ms.t.Fatalf("refused: %v", problems)
	}
	return decision
}

// TestBootstrapIsFinishedWhereverItWasInterrupted kills the run that begins a cluster, and members with it, at each of
// its steps; deciding anew from what stands on the hosts ends in a healthy cluster.
func TestBootstrapIsFinishedWhereverItWasInterrupted(t *testing.T) {
	all := []string{"kmaster1", "kmaster2", "kmaster3"}
	for _, c := range []struct {
		name string
		// until is how far the first run got.
		until func(ms *members)
		want  Decision
	}{
		{"before anything", func(*members) {}, Decision{Bootstrap: true, Arm: all, Start: all}},
		{"with one member armed", func(ms *members) {
			ms.of["kmaster2"].arm("new")
		}, Decision{Bootstrap: true, Arm: []string{"kmaster1", "kmaster3"}, Start: all}},
		{"with all armed and one started, which lost its power", func(ms *members) {
			ms.arm()
			ms.of["kmaster1"].start()
			ms.of["kmaster1"].awaitLog()
			ms.of["kmaster1"].kill()
		}, Decision{Bootstrap: true, Start: all}},
		{"with all armed and one still waiting for the others", func(ms *members) {
			ms.arm()
			ms.of["kmaster1"].start()
			ms.of["kmaster1"].awaitLog()
		}, Decision{Bootstrap: true, Start: all[1:]}},
		{"with two members ready and the third not started", func(ms *members) {
			ms.arm()
			for _, host := range all[:2] {
				ms.of[host].start()
			}
			for _, host := range all[:2] {
				ms.of[host].awaitReady()
			}
		}, Decision{Start: all[2:]}},
		{"with all ready", (*members).bootstrap, Decision{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			spec := alone(t)
			ms := newMembers(t, spec, issued(t, spec))
			c.until(ms)
			decision := ms.decide()
			if diff := cmp.Diff(c.want, decision); diff != "" {
				t.Errorf("decision (-want +got):\n%s", diff)
			}
			ms.carryOut(decision)
			for _, host := range all {
				if m := ms.of[host]; m.armed() && !slices.Contains(decision.Start, host) {
					m.awaitReady()
				}
			}
			_, problems := ms.look(t)
			want(t, problems)
			for _, host := range all {
				if ms.of[host].armed() {
					t.Errorf("%s is ready, and still armed for a new cluster", host)
				}
			}
			if again := ms.decide(); !again.Idle() || again.Bootstrap {
				t.Errorf("a second look at a formed cluster decides %+v", again)
			}
		})
	}
}

// A start that fails early leaves a database without a log behind. An armed member takes it over; otherwise a person has
// to look, because such a database may also be all that is left of a cluster.
func TestDatabaseWithoutLog(t *testing.T) {
	spec := alone(t)
	ms := newMembers(t, spec, issued(t, spec))
	m := ms.of["kmaster1"]
	m.arm("existing")
	m.start()
	m.awaitExit()
	m.process = nil
	if m.empty(DataDir) || !m.empty(LogDir) {
		t.Fatalf("a failed start left other traces than a database without a log:\n%s", m.log)
	}
	if err := os.Remove(m.path(BootstrapPath)); err != nil {
		t.Fatal(err)
	}
	_, problems := DecideStart(ms.facts())
	want(t, problems, finding{"kmaster1", DataDir, "without a write-ahead log"})

	ms.arm()
	ms.carryOut(ms.decide())
	_, problems = ms.look(t)
	want(t, problems)
}

// arm arms every member, as the first step of beginning a cluster does.
func (ms *members) arm() {
	for _, m := range ms.of {
		m.arm("new")
	}
}
