package lab

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"hardway/remote"
)

// What a host of the lab does without a shell is what the script does.
func TestAUnitIsHeldForAMoment(t *testing.T) {
	l := withProbe(t)
	serviceUnit(t, l, "test.service", "ExecStart=/usr/local/bin/probe wait")
	client := dial(t, l, "h1")
	must(t, client, "systemctl start test.service")
	unit, err := l.Unit("h1", "test.service")
	if err != nil {
		t.Fatal(err)
	}
	held := func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", unit.MainPID))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(string(stat), ") T ")
	}
	for name, c := range map[string]struct {
		end   func(remote.Hold) error
		least time.Duration
	}{
		"until it is closed": {remote.Hold.Close, 0},
		"and goes on itself": {func(remote.Hold) error { return nil }, remote.HoldLimit - 100*time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			h, err := connected(t, l, "h1").Hold(t.Context(), "test.service")
			if err != nil {
				t.Fatal(err)
			}
			defer h.Close()
			if held() {
				t.Error("it is held before it was to be")
			}
			if err := h.Stop(t.Context()); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			eventually(t, "it is held", held)
			if err := c.end(h); err != nil {
				t.Error(err)
			}
			eventually(t, "it goes on", func() bool { return !held() })
			if took := time.Since(began); took < c.least {
				t.Errorf("it was held for %s, want %s", took, c.least)
			}
		})
	}
	_, err = connected(t, l, "h1").Hold(t.Context(), "missing.service")
	if err == nil || !strings.Contains(err.Error(), "missing.service is not running") {
		t.Errorf("holding what does not run: %v", err)
	}
}
