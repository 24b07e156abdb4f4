package lab

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// timeUnits is the suffixes of systemd.time(7) as far as services use them. Without a suffix a number is seconds.
var timeUnits = []struct {
	names []string
	size  time.Duration
}{
	{[]string{"us", "usec", "µs"}, time.Microsecond},
	{[]string{"ms", "msec"}, time.Millisecond},
	{[]string{"", "s", "sec", "second", "seconds"}, time.Second},
	{[]string{"m", "min", "minute", "minutes"}, time.Minute},
	{[]string{"h", "hr", "hour", "hours"}, time.Hour},
	{[]string{"d", "day", "days"}, 24 * time.Hour},
}

// forever is what "infinity" means here: longer than anything runs.
const forever = 100 * 365 * 24 * time.Hour

// parseTimespan reads a time span as systemd writes it: 5, 10min, "1min 30s", infinity.
func parseTimespan(value string) (time.Duration, error) {
	value = strings.TrimSpace(value)
	if value == "infinity" {
		return forever, nil
	}
	if value == "" {
		return 0, fmt.Errorf("failed to read a time span: it is empty")
	}
	var total time.Duration
	for rest := value; rest != ""; rest = strings.TrimLeft(rest, " \t") {
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789."))
		number, err := strconv.ParseFloat(rest[:digits], 64)
		if err != nil {
			return 0, fmt.Errorf("failed to read time span %q: want a number", value)
		}
		rest = strings.TrimLeft(rest[digits:], " \t")
		letters := strings.IndexAny(rest, " \t0123456789.")
		if letters < 0 {
			letters = len(rest)
		}
		size, ok := timeUnit(rest[:letters])
		if span := number * float64(size); !ok || span > float64(forever) {
			return 0, fmt.Errorf("failed to read time span %q: %q is no unit, or it is too long", value, rest[:letters])
		}
		total += time.Duration(number * float64(size))
		rest = rest[letters:]
		if total > forever {
			return forever, nil
		}
	}
	return total, nil
}

func timeUnit(name string) (time.Duration, bool) {
	for _, u := range timeUnits {
		for _, n := range u.names {
			if n == name {
				return u.size, true
			}
		}
	}
	return 0, false
}
