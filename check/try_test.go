package check

import (
	"testing"
	"time"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"hardway/manifests"
	"hardway/test/sample"
)

// TestOnlyWhatWasMadeForTheMomentIsLeft: its label is anybody's to give, also to a namespace that lives.
func TestOnlyWhatWasMadeForTheMomentIsLeft(t *testing.T) {
	now := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	m := &moment{Verification: &Verification{Live: &Live{
		Now: func() time.Time { return now }, Gone: func(by string) bool { return by == "gone" },
	}}}
	for _, c := range []struct {
		name, by string
		ago      time.Duration
		want     bool
	}{
		{"hardway-verify-0a1b2c3d", "gone", time.Second, true},
		{"hardway-verify-0a1b2c3d", "alive", time.Second, false},
		{"hardway-verify-0a1b2c3d", "alive", time.Hour, true},
		{"hardway-verify-0a1b2c3d-kmaster1", "gone", time.Second, true},
		{"production", "gone", time.Hour, false},
	} {
		o := meta.ObjectMeta{Name: c.name, Annotations: map[string]string{manifests.MomentBy: c.by}, CreationTimestamp: meta.NewTime(now.Add(-c.ago))}
		if got := m.left(o); got != c.want {
			t.Errorf("%s of %s, %s old: left is %v", c.name, c.by, c.ago, got)
		}
	}
}

// TestWhatIsNotTriedIsNotWell: unless a finding says already why.
func TestWhatIsNotTriedIsNotWell(t *testing.T) {
	for before, want := range map[State]State{OK: Failed, Failed: Unknown} {
		v := (&Live{Spec: sample.Spec(t)}).Verify()
		v.rows[liveAPI] = row(before, "", "seen before")
		v.Try(t.Context())
		for _, name := range []string{liveSecret, livePods, liveDNS} {
			if rows := v.rows[name]; len(rows) != 1 || rows[0].State != want {
				t.Errorf("%s after one that is %s: %+v", name, before, rows)
			}
		}
	}
}
