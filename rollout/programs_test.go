package rollout_test

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"hardway/rollout"
)

// Of executables, the one goes over the wire whose bytes are others; sizes and times do not count.
func TestAnExecutableIsSentOnlyWhereItsBytesAreOthers(t *testing.T) {
	s := newSite(t)
	programs := map[string]string{"/usr/local/bin/one": "v1.0 of one", "/usr/local/bin/two": "v1.0 of two"}
	sent := func() (paths []string) {
		change := s.compare(s.want(programs))
		for _, f := range change.Files {
			if f.Verb == rollout.Create || f.Verb == rollout.Update {
				paths = append(paths, f.Path)
			}
		}
		ready := s.stage(change)
		must(t, ready.Commit(t.Context()))
		slices.Sort(paths)
		return slices.DeleteFunc(paths, func(p string) bool { return p == rollout.DeliveredPath })
	}
	for i, step := range []struct {
		change func()
		want   []string
	}{
		{func() {}, []string{"/usr/local/bin/one", "/usr/local/bin/two"}},
		{func() {}, nil},
		{func() { programs["/usr/local/bin/two"] = "v1.1 of two" }, []string{"/usr/local/bin/two"}},
		{func() {}, nil},
	} {
		step.change()
		if got := sent(); fmt.Sprint(got) != fmt.Sprint(step.want) {
			t.Errorf("delivery %d sent %v, want %v", i+1, got, step.want)
		}
	}
}

// A work directory that has lost its executables does not take them off hosts; what was never to be kept goes.
func TestWhatIsToBeKeptIsNotTakenOff(t *testing.T) {
	s := newSite(t)
	s.deliver(map[string]string{"/usr/local/bin/one": "runs", "/etc/app/a.conf": "a", "/etc/app/b.conf": "b"})
	want := s.want(map[string]string{"/etc/app/b.conf": "b"})
	want.Keep = []string{"/usr/local/bin/one"}
	must(t, s.stage(s.compare(want)).Commit(t.Context()))
	want = s.want(map[string]string{"/etc/app/b.conf": "b"})
	want.Keep = []string{"/usr/local/bin/one"}
	if left := s.compare(want); len(left.Files) > 0 {
		t.Errorf("there is left to do %+v", left.Files)
	}
	if got := s.stands("/usr/local/bin/one", "/etc/app/a.conf", "/etc/app/b.conf"); got != "true false true" {
		t.Errorf("of the executable, a.conf and b.conf there stand %s", got)
	}
}

func (s *site) stands(paths ...string) string {
	s.t.Helper()
	var out []any
	for _, p := range paths {
		out = append(out, exists(s.root+p))
	}
	text := fmt.Sprintln(out...)
	return text[:len(text)-1]
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
