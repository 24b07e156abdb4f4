package etcd

import (
	"encoding/json"
	"testing"

	"hardway/cluster"
)

// FuzzJudge judges any evidence: it never panics, has a row for each member of the spec, and finds no fault only where
// every member was seen well and in its place.
func FuzzJudge(f *testing.F) {
	spec := three()
	seed, err := json.Marshal(well(spec))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, data []byte) {
		var e Evidence
		if json.Unmarshal(data, &e) != nil {
			return
		}
		judgedSoundly(t, spec, e)
	})
}

// FuzzMemberList is the same for a member list alone, as one member has it, or all.
func FuzzMemberList(f *testing.F) {
	spec := three()
	seed, err := json.Marshal(well(spec).Members[0].Listed)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed, true)
	f.Add(seed, false)
	f.Add([]byte(`[]`), true)
	f.Add([]byte(`[{"id":1,"name":"kmaster2","peerURLs":["https://127.0.0.61:2380"]},{"id":1}]`), true)
	f.Fuzz(func(t *testing.T, data []byte, all bool) {
		e := well(spec)
		for i := range e.Members {
			if all || i == 0 {
				e.Members[i].Listed = nil
				if json.Unmarshal(data, &e.Members[i].Listed) != nil {
					return
				}
			}
		}
		judgedSoundly(t, spec, e)
	})
}

func judgedSoundly(t *testing.T, spec *cluster.Spec, e Evidence) {
	t.Helper()
	rows, problems := Judge(spec, e)
	if len(rows) < len(spec.Hosts) {
		t.Fatalf("%d rows for %d members", len(rows), len(spec.Hosts))
	}
	for _, p := range problems {
		if p.Subject == "" || p.Message == "" || p.Hint == "" {
			t.Errorf("half a problem: %+v", p)
		}
	}
	if _, err := json.Marshal(rows); err != nil {
		t.Error(err)
	}
	if len(problems) == 0 {
		allWell(t, spec, rows)
	}
}

func allWell(t *testing.T, spec *cluster.Spec, rows []Member) {
	t.Helper()
	if len(rows) != len(spec.Hosts) {
		t.Errorf("no problem, with %d rows for %d members", len(rows), len(spec.Hosts))
	}
	leaders := 0
	for i, row := range rows[:len(spec.Hosts)] {
		n := spec.Hosts[i]
		if row.Leader {
			leaders++
		}
		if row.Name != n.Name || !row.Healthy || row.Learner || len(row.PeerURLs) != 1 || row.PeerURLs[0] != n.PeerURL() {
			t.Errorf("no problem, with %+v for %s", row, n.Name)
		}
	}
	if leaders != 1 {
		t.Errorf("no problem, with %d leaders", leaders)
	}
}

// FuzzUnitFacts reads any unit file that a host may hold.
func FuzzUnitFacts(f *testing.F) {
	f.Add([]byte("[Service]\nExecStart=/usr/local/bin/etcd \\\n  --name=kmaster1 \\\n  --initial-cluster=a=https://127.0.0.1:2380\n"))
	f.Add([]byte("[Service\n"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, content []byte) {
		u := UnitFacts("kmaster1", content, true)
		if u.Error != "" && u.Present {
			t.Errorf("a unit that cannot be read counts as present: %+v", u)
		}
	})
}
