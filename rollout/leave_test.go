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

// TestUsersWithoutFilesGoToo: some are made known to a host only to run something.
func TestUsersWithoutFilesGoToo(t *testing.T) {
	s := newSite(t)
	s.deliver(map[string]string{"/etc/sysusers.d/first.conf": "u probe - \"asks\" - /usr/sbin/nologin\n"})
	if got := s.leaving(); !strings.Contains(got, "remove-user probe\n") || strings.Contains(got, "remove-user root") {
		t.Errorf("it would\n%s", got)
	}
	theirs := newSite(t)
	for file, line := range map[string]string{"passwd": "probe:x:7:7::/:/bin/sh\n", "group": "probe:x:7:\n"} {
		at := filepath.Join(theirs.root, "etc", file)
		data, err := os.ReadFile(at)
		must(t, err)
		must(t, os.WriteFile(at, append(data, line...), 0o644))
	}
	theirs.deliver(map[string]string{"/etc/sysusers.d/first.conf": "u probe - \"asks\" - /usr/sbin/nologin\n"})
	if got := theirs.leaving(); strings.Contains(got, "remove-user") {
		t.Errorf("of a host that knew the user it would\n%s", got)
	}
}

// TestWhatAnOlderHardwayPutThereIsNotTheHosts: hosts that were delivered to before the original was recorded.
func TestWhatAnOlderHardwayPutThereIsNotTheHosts(t *testing.T) {
	s := newSite(t)
	unit := "[Service]\nExecStart=/bin/true\n"
	s.deliver(map[string]string{"/etc/systemd/system/etcd.service": unit, "/etc/app/a.conf": "1"})
	must(t, os.RemoveAll(filepath.Join(s.root, rollout.OriginalDir)))
	must(t, os.MkdirAll(filepath.Join(s.root, "var/lib/etcd/member"), 0o700))
	s.deliver(map[string]string{"/etc/systemd/system/etcd.service": unit, "/etc/app/a.conf": "2"})
	if got := s.leaving(); !strings.Contains(got, "empty /var/lib/etcd\n") || strings.Contains(got, "restart etcd.service") || strings.Contains(got, "enable etcd.service") {
		t.Errorf("it would\n%s", got)
	}
}

// TestDataWithinDataGoesWithIt: a controller-manager makes a directory below the kubelet's, which goes with that.
func TestDataWithinDataGoesWithIt(t *testing.T) {
	s := newSite(t)
	w := s.want(map[string]string{"/etc/app/node": "1", "/etc/app/master": "1"})
	for i, f := range w.Files {
		w.Files[i].Component = map[string]string{"/etc/app/node": "worker", "/etc/app/master": "controlplane"}[f.Path]
	}
	must(t, s.stage(s.compare(w)).Commit(t.Context()))
	must(t, os.MkdirAll(filepath.Join(s.root, "var/lib/kubelet/volumeplugins"), 0o755))
	if got := s.leaving(); !strings.Contains(got, "empty /var/lib/kubelet\n") || !strings.Contains(got, "remove-dir /var/lib/kubelet\n") || strings.Contains(got, "volumeplugins") {
		t.Errorf("it would\n%s", got)
	}
}
