package worker

import "time"

// Since is nil when the report was made by a kubelet that has begun after an earlier report was seen: it has told that it
// is ready. The kubelet's old report would say so too, for up to a minute after its end. All times are by the clock of the
// kubelet's host, so that nobody's clock is compared with another's.
//
// A kubelet tells its state right after it has begun and renews its lease every ten seconds from then on. So a state that
// was told no earlier than the lease seen before is the new kubelet's; where that cannot be seen, because the new one had
// renewed the lease already, a lease renewed by more than one period is: the old kubelet was gone when it was seen.
func (r Report) Since(before Report) (why string) {
	switch {
	case !r.Ready:
		return r.Why
	case !r.Told.Before(before.Renewed.Truncate(time.Second)), r.Renewed.Sub(before.Renewed) > leasePeriod+2*time.Second:
		return ""
	}
	return "its kubelet has not told the API of its state since it was started"
}

// leasePeriod is how often a kubelet renews its lease: a quarter of nodeLeaseDurationSeconds, 40 by default.
const leasePeriod = 10 * time.Second
