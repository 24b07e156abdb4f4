package check

import (
	"slices"
	"time"
)

// clockLimit is how far clocks may lie apart: leases, tokens and certificates are judged by each host's own.
const clockLimit = 2 * time.Second

const clockHint = "let chrony or systemd-timesyncd keep the time, and look whether it reaches its servers: `timedatectl`"

// Offset is how far the host's clock is ahead of the operator's, and how wrong that can be: the host's two readings lie
// between the operator's two, and how the time in between was spent on the way there and back is not known. This is how
// NTP reckons, RFC 5905, section 8.
func (f *Facts) Offset() (offset, within time.Duration) {
	most, least := f.Began.Sub(f.Asked), f.Ended.Sub(f.Answered)
	return (most + least) / 2, (most - least) / 2
}

// median is the middle one of the hosts' offsets, or the mean of the middle two, and how wrong that can be: it lies between
// the median of what each offset is at least and that of what each is at most.
func (s *Survey) median() (offset, within time.Duration) {
	var offsets, least, most []time.Duration
	for _, h := range s.Hosts {
		if h.Facts != nil {
			offset, within := h.Facts.Offset()
			offsets, least, most = append(offsets, offset), append(least, offset-within), append(most, offset+within)
		}
	}
	offset = middle(offsets)
	return offset, max(middle(most)-offset, offset-middle(least))
}

// middle is the median of a list, 0 of an empty one.
func middle(all []time.Duration) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
}

func clock(s *Survey, h *Host) []Row {
	offset, within := h.Facts.Offset()
	median, _ := s.median()
	return judgeClock(offset-median, within)
}

func operatorClock(s *Survey) []Row {
	if len(s.others(&Host{})) == 0 {
		return nil
	}
	median, within := s.median()
	return judgeClock(-median, within)
}

func judgeClock(off, within time.Duration) []Row {
	within = within.Round(time.Millisecond)
	seen, direction := off.Round(time.Millisecond), "ahead of"
	if seen < 0 {
		seen, direction = -seen, "behind"
	}
	switch {
	case seen-within > clockLimit:
		return failed(clockHint, "%s %s the hosts' median, known to %s", seen, direction, within)
	case seen+within > clockLimit:
		return warning("ask again when the way to the host is faster", "%s %s the hosts' median, but that is known to %s only", seen, direction, within)
	}
	return ok("%s %s the hosts' median, known to %s", seen, direction, within)
}
