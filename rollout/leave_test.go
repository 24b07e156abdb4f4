package rollout_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hardway/rollout"
)

// leaving is every move by which hardway leaves the host, with its snapshots.
func (s *site) leaving() string {
	s.t.Helper()
	l, err := rollout.TakeLeave(s.t.Context(), s.conn, s.want(nil), "/srv/backup/prod-*.db*", true)
	must(s.t, err)
	var lines []string
	for _, turn := range rollout.LeaveRoll([]rollout.Leaving{l}).Turns {
		for _, m := range turn.Moves {
			lines = append(lines, string(m.Verb)+" "+m.What)
		}
	}
	return strings.Join(lines, "\n")
}

// TestSnapshotsGoFromHostsOfEtcdAlone: a directory of the same name on another host is somebody else's.
func TestSnapshotsGoFromHostsOfEtcdAlone(t *testing.T) {
	for unit, want := range map[string]bool{"etcd.service": true, "kubelet.service": false} {
		s := newSite(t)
		must(t, os.MkdirAll(filepath.Join(s.root, "srv/backup"), 0o755))
		s.deliver(map[string]string{"/etc/systemd/system/" + unit: "[Service]\nExecStart=/bin/true\n"})
		if got := s.leaving(); strings.Contains(got, "/srv/backup") != want || want && !strings.Contains(got, "remove-files /srv/backup/prod-*.db*") {
			t.Errorf("%s: it would\n%s", unit, got)
		}
	}
}
