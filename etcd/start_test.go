package etcd

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hardway/cluster"
)

// The states a member is found in.
var (
	blank   = StartFacts{DataEmpty: true, LogEmpty: true}
	armed   = StartFacts{DataEmpty: true, LogEmpty: true, BootstrapPending: true}
	begun   = StartFacts{BootstrapPending: true}
	waiting = StartFacts{BootstrapPending: true, Running: true}
	partial = StartFacts{LogEmpty: true}
	stopped = StartFacts{}
	running = StartFacts{Running: true}
	unready = StartFacts{Running: true, Unready: true}
	stale   = StartFacts{Running: true, Stale: true}
	// vanishing runs on files whose directory is gone.
	vanishing = StartFacts{DataEmpty: true, LogEmpty: true, Running: true}
	leading   = StartFacts{Running: true, Stale: true, Leader: true}
	// behind waits for its cluster to form, on inputs of before.
	behind = StartFacts{BootstrapPending: true, Running: true, Stale: true}
)

func TestDecideStart(t *testing.T) {
	all, none := []string{"m1", "m2", "m3"}, []string(nil)
	for name, c := range map[string]struct {
		members []StartFacts
		want    Decision
	}{
		"all blank: begin":                              {[]StartFacts{blank, blank, blank}, Decision{Bootstrap: true, Arm: all, Start: all}},
		"died while arming: arm the rest":               {[]StartFacts{armed, armed, blank}, Decision{Bootstrap: true, Arm: all[2:], Start: all}},
		"died between arming and starting":              {[]StartFacts{armed, armed, armed}, Decision{Bootstrap: true, Start: all}},
		"died after starting one":                       {[]StartFacts{waiting, armed, armed}, Decision{Bootstrap: true, Start: all[1:]}},
		"all wait for each other":                       {[]StartFacts{waiting, waiting, waiting}, Decision{Bootstrap: true}},
		"all wait, one on inputs of before":             {[]StartFacts{waiting, behind, armed}, Decision{Bootstrap: true, Start: all[2:], Restart: all[1:2]}},
		"begun and all stopped":                         {[]StartFacts{begun, begun, armed}, Decision{Bootstrap: true, Start: all}},
		"a quorum ready, the third never started":       {[]StartFacts{running, running, armed}, Decision{Start: all[2:]}},
		"one ready, one begun, the third never started": {[]StartFacts{running, begun, armed}, Decision{Start: all[1:]}},
		"all run":                    {[]StartFacts{running, running, running}, Decision{}},
		"one stopped":                {[]StartFacts{running, stopped, running}, Decision{Start: all[1:2]}},
		"all stopped":                {[]StartFacts{stopped, stopped, stopped}, Decision{Start: all}},
		"all stale: the leader last": {[]StartFacts{leading, stale, stale}, Decision{Restart: []string{"m2", "m3", "m1"}}},
		"one stopped, two stale":     {[]StartFacts{stale, stopped, leading}, Decision{Start: all[1:2], Restart: []string{"m1", "m3"}}},
		"one runs and is not ready":  {[]StartFacts{running, unready, running}, Decision{Await: all[1:2]}},
		"two ready, the third joins": {[]StartFacts{running, running, waiting}, Decision{Await: all[2:]}},
		"a cluster of one":           {[]StartFacts{blank}, Decision{Bootstrap: true, Arm: all[:1], Start: all[:1]}},
		"no members":                 {nil, Decision{Arm: none}},
	} {
		t.Run(name, func(t *testing.T) {
			got, problems := DecideStart(named(c.members))
			if len(problems) > 0 {
				t.Errorf("refused: %v", problems)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("decision (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecideStartRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		members []StartFacts
		want    []finding
	}{
		"one wiped":                                   {[]StartFacts{running, running, blank}, []finding{{"m3", DataDir, "is wiped"}}},
		"two wiped":                                   {[]StartFacts{running, blank, blank}, []finding{{"m2", DataDir, "m2, m3 must not"}, {"m3", DataDir, "m2, m3 must not"}}},
		"two wiped while the third is down":           {[]StartFacts{blank, blank, stopped}, []finding{{"m1", DataDir, "formed (on m3)"}, {"m2", DataDir, "formed (on m3)"}}},
		"two wiped and armed by hand":                 {[]StartFacts{running, armed, armed}, []finding{{"m2", DataDir, "is wiped"}, {"m3", DataDir, "is wiped"}}},
		"one lost its log":                            {[]StartFacts{running, running, partial}, []finding{{"m3", DataDir, "is wiped"}}},
		"all lost their directories while they run":   {[]StartFacts{vanishing, vanishing, vanishing}, []finding{{"m1", DataDir, "removed under it"}, {"m2", DataDir, "removed under it"}, {"m3", DataDir, "removed under it"}}},
		"one lost its directory while others are new": {[]StartFacts{blank, vanishing, blank}, []finding{{"m2", DataDir, "removed under it"}}},
		"a database without a log, no other":          {[]StartFacts{blank, partial, blank}, []finding{{"m2", DataDir, "without a write-ahead log"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, problems := DecideStart(named(c.members))
			want(t, problems, c.want...)
			if diff := cmp.Diff(Decision{}, got); diff != "" {
				t.Errorf("something is to be done in spite of problems:\n%s", diff)
			}
		})
	}
}

// TestDecideStartProperties goes through every combination of facts of three members.
func TestDecideStartProperties(t *testing.T) {
	const bits = 6
	for code := range 1 << (3 * bits) {
		facts := make([]StartFacts, 3)
		for i := range facts {
			b := code >> (i * bits)
			facts[i] = StartFacts{Host: fmt.Sprintf("m%d", i+1), DataEmpty: b&1 > 0, LogEmpty: b&2 > 0, BootstrapPending: b&4 > 0,
				Running: b&8 > 0, Stale: b&16 > 0, Leader: b&32 > 0}
		}
		decision, problems := DecideStart(facts)
		for _, violation := range violations(facts, decision, problems) {
			t.Fatalf("%s\nfacts %+v\ndecision %+v\nproblems %v", violation, facts, decision, problems)
		}
	}
}

// violations is what may never be decided.
func violations(facts []StartFacts, d Decision, problems []cluster.Problem) []string {
	var out []string
	rule := func(broken bool, text string) {
		if broken {
			out = append(out, text)
		}
	}
	formed, logs := false, 0
	for _, f := range facts {
		log := !f.DataEmpty && !f.LogEmpty
		formed = formed || log && !f.BootstrapPending
		if log {
			logs++
		}
	}
	rule(len(problems) == 0 && d.Idle() && slices.ContainsFunc(facts, func(f StartFacts) bool { return f.Running && f.BootstrapPending }),
		"a run ends without waiting for a member that has not got ready")
	rule(formed && (d.Bootstrap || len(d.Arm) > 0), "a new cluster begins while a member is formed")
	rule(len(problems) > 0 && (d.Bootstrap || !d.Idle()), "something is done in spite of problems")
	for _, f := range facts {
		log := !f.DataEmpty && !f.LogEmpty
		arms, starts, restarts := slices.Contains(d.Arm, f.Host), slices.Contains(d.Start, f.Host), slices.Contains(d.Restart, f.Host)
		rule(arms && !f.DataEmpty, "a member with data is armed")
		rule(len(problems) == 0 && f.Running && f.Stale && !restarts, "a stale member is left running")
		rule(arms && f.Running, "a running member is armed")
		rule(starts && !log && !arms && !f.BootstrapPending, "a member without a log starts unarmed")
		rule(starts && !log && formed && logs < 2, "a member without a log starts where the others are no quorum without it")
		rule(starts && f.Running, "a running member is started")
		rule(restarts && (!f.Running || !f.Stale), "a member is restarted that does not run, or not on stale inputs")
		rule(len(problems) == 0 && !f.Running && !starts, "a stopped member is left stopped without a reason")
		rule(restarts && f.Leader && slices.ContainsFunc(d.Restart[slices.Index(d.Restart, f.Host):], func(later string) bool {
			return !facts[later[1]-'1'].Leader
		}), "a leader is restarted before a follower")
	}
	return out
}

// named gives members their hosts.
func named(members []StartFacts) []StartFacts {
	facts := slices.Clone(members)
	for i := range facts {
		facts[i].Host = fmt.Sprintf("m%d", i+1)
	}
	return facts
}
