package check

import (
	"testing"
	"time"

	"hardway/cluster"
)

// A host that takes long to answer says little about its clock; nor do all of them about the operator's.
func TestOperatorsClockIsKnownAsWellAsThoseOfHosts(t *testing.T) {
	for name, c := range map[string]struct {
		there, answer time.Duration // until a host reads its clock, and from then until its answer
		ahead         time.Duration // by which the hosts' clocks are
		want          State
	}{
		"right, asked quickly":       {0, 10 * time.Millisecond, 0, OK},
		"right, asked slowly":        {6 * time.Second, 0, 0, Warning},
		"wrong, asked quickly":       {0, 10 * time.Millisecond, 3 * time.Second, Failed},
		"wrong, asked too slowly":    {0, 6 * time.Second, 4 * time.Second, Warning},
		"wrong by far, asked slowly": {0, 2 * time.Second, 9 * time.Second, Failed},
	} {
		s := &Survey{}
		for _, name := range []string{"a", "b", "c"} {
			asked := time.Unix(1_800_000_000, 0)
			read := asked.Add(c.there + c.ahead)
			facts := &Facts{Asked: asked, Began: read, Ended: read, Answered: asked.Add(c.there + c.answer)}
			s.Hosts = append(s.Hosts, Host{Node: cluster.Node{Name: name}, Facts: facts})
		}
		rows := operatorClock(s)
		if len(rows) != 1 || rows[0].State != c.want {
			t.Errorf("%s: %+v, want %s", name, rows, c.want)
		}
	}
}
