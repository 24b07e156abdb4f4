package worker

import (
	"testing"
	"time"
)

// A kubelet is restarted at 100 s of its host's clock; the one before had told its state at 10 s and renewed its lease at 95.
func TestOnlyTheNewKubeletsReportCounts(t *testing.T) {
	at := func(seconds float64) time.Time { return time.Unix(0, int64(seconds*float64(time.Second))) }
	old := Report{Ready: true, Told: at(10), Renewed: at(95.3)}
	for name, c := range map[string]struct {
		before, now Report
		joined      bool
	}{
		"nothing new yet":                       {old, old, false},
		"a lease, no state":                     {old, Report{Ready: true, Told: at(10), Renewed: at(101)}, false},
		"the new one's state":                   {old, Report{Ready: true, Told: at(101), Renewed: at(101.2)}, true},
		"the new one is not ready":              {old, Report{Why: "no network", Told: at(101), Renewed: at(101.2)}, false},
		"asked late, and its state was earlier": {Report{Ready: true, Told: at(100), Renewed: at(101.2)}, Report{Ready: true, Told: at(100), Renewed: at(101.2)}, false},
		"asked late, the lease goes on":         {Report{Ready: true, Told: at(100), Renewed: at(101.2)}, Report{Ready: true, Told: at(100), Renewed: at(121.3)}, true},
		"a new node":                            {Report{}, Report{Ready: true, Told: at(101), Renewed: at(101.2)}, true},
		"a new node that said nothing":          {Report{}, Report{Why: "is not registered"}, false},
	} {
		if why := c.now.Since(c.before); (why == "") != c.joined {
			t.Errorf("%s: %q", name, why)
		}
	}
}
