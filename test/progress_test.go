package test

import (
	"encoding/json"
	"strings"
	"testing"

	"hardway/plan"
)

// Events say of each host that it was reached, compared, and sent every byte and file of what changes there; standard
// output holds the result alone.
func TestProgressAsEvents(t *testing.T) {
	r := rehearse(t)
	r.prepare()
	changes := map[string]int64{}
	for path, row := range r.diffs(3) {
		if row.New != nil {
			host, _, _ := strings.Cut(path, ":")
			changes[host]++
		}
	}
	got := r.exits(0, "distribute", "--progress", "json", "-o", "json")
	if !json.Valid([]byte(got.out)) {
		t.Errorf("standard output is no document: %s", got.out)
	}
	r.holdsNoSecret("progress", got.errors)
	seen := map[string]plan.Event{}
	var order []string
	for line := range strings.SplitSeq(strings.TrimSpace(got.errors), "\n") {
		var e plan.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("no event: %q", line)
		}
		if e.Step != "distribute" || e.Phase == "" || e.Time.IsZero() {
			t.Errorf("an event of nothing: %s", line)
		}
		if len(order) == 0 || order[len(order)-1] != e.Phase {
			order = append(order, e.Phase)
		}
		seen[e.Phase+" "+e.Host] = e
	}
	if got := strings.Join(order, " "); !strings.HasPrefix(got, "begin connect compare ") || !strings.HasSuffix(got, " stage send end") {
		t.Errorf("phases were %s", got)
	}
	for _, n := range r.spec.Hosts {
		for _, phase := range []string{plan.PhaseConnect, plan.PhaseCompare} {
			if e := seen[phase+" "+n.Name]; e.Hosts == nil || e.Hosts.Total != 3 {
				t.Errorf("%s of %s was not told: %+v", phase, n.Name, e)
			}
		}
		e := seen[plan.PhaseSend+" "+n.Name]
		if e.Files == nil || e.Files.Done != e.Files.Total || e.Bytes.Done != e.Bytes.Total || e.Bytes.Total == 0 {
			t.Fatalf("what was sent to %s ends with %+v %+v", n.Name, e.Files, e.Bytes)
		}
		if want := changes[n.Name]; e.Files.Total > want || e.Files.Total < want-2 { // users are declared, and sent, before the rest
			t.Errorf("%d files were sent to %s, %d change there", e.Files.Total, n.Name, want)
		}
	}
	if seen["end "].Seconds <= 0 {
		t.Error("nothing says how long it took")
	}
	if quiet := r.exits(0, "distribute", "--log-level", "error"); quiet.errors != "" {
		t.Errorf("asked for errors alone, got %q", quiet.errors)
	}
}
