package rollout_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"hardway/rollout"
)

// original is what a host says of how it was, by path: absent, or the content that is kept.
func (s *site) original() map[string]string {
	s.t.Helper()
	dir := filepath.Join(s.root, rollout.OriginalDir)
	data, err := os.ReadFile(filepath.Join(dir, "record.json"))
	must(s.t, err)
	var o rollout.Original
	must(s.t, json.Unmarshal(data, &o))
	held := map[string]string{}
	for _, f := range o.Files {
		switch {
		case f.Absent:
			held[f.Path] = "absent"
		case f.Dir:
			held[f.Path] = "directory"
		default:
			data, err := os.ReadFile(filepath.Join(dir, f.File))
			must(s.t, err)
			held[f.Path] = string(data)
		}
	}
	return held
}

// What was there before hardway is kept through more runs than generations are.
func TestTheOriginalDoesNotRotateOut(t *testing.T) {
	s := newSite(t)
	must(t, os.MkdirAll(filepath.Join(s.root, "etc/app"), 0o755))
	must(t, os.WriteFile(filepath.Join(s.root, "etc/app/a.conf"), []byte("the package's"), 0o640))
	for i := range rollout.KeptRuns + 2 {
		s.deliver(map[string]string{"/etc/app/a.conf": fmt.Sprint("ours ", i), "/etc/app/new/b.conf": "ours"})
	}
	got := s.original()
	for path, want := range map[string]string{"/etc/app/a.conf": "the package's", "/etc/app/new/b.conf": "absent", "/etc/app/new": "absent"} {
		if got[path] != want {
			t.Errorf("%s was %q, want %q", path, got[path], want)
		}
	}
	if _, known := got["/etc/app"]; known {
		t.Error("a directory that was there before is among those that hardway made")
	}
}

// A file that somebody puts where hardway's was, after it was taken off, is theirs.
func TestAFileThatTookThePlaceOfHardwaysIsTheOriginal(t *testing.T) {
	s := newSite(t)
	s.deliver(map[string]string{"/etc/app/a.conf": "ours", "/etc/app/b.conf": "ours"})
	s.deliver(map[string]string{"/etc/app/b.conf": "ours"})
	must(t, os.WriteFile(filepath.Join(s.root, "etc/app/a.conf"), []byte("theirs"), 0o644))
	s.deliver(map[string]string{"/etc/app/a.conf": "ours again", "/etc/app/b.conf": "ours too"})
	if got := s.original(); got["/etc/app/a.conf"] != "theirs" || got["/etc/app/b.conf"] != "absent" {
		t.Errorf("there was %v", got)
	}
}
