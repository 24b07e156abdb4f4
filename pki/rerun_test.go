package pki

import (
	"testing"
	"time"
)

func TestRerunKeepsWhatIsRight(t *testing.T) {
	s := issued3(t)
	before := digests(t, s)
	for _, d := range issueAll(t, s, noon.Add(time.Hour)) {
		if d.Action != Keep || d.Reason == "" {
			t.Errorf("%s %s: %s (%s), want it kept with a reason", d.Node, d.Name, d.Action, d.Reason)
		}
	}
	if after := digests(t, s); !equal(before, after) {
		t.Error("the second run changed files")
	}
}
