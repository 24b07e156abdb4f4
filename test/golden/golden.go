// Package golden compares what a test got with a file under testdata. Run with -record the file is written instead,
// and the test fails all the same: nobody can leave recording on and believe that something was tested.
package golden

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// recording is a flag of the test binary, as in: go test ./controlplane -run Golden -record
var recording = flag.Bool("record", false, "write what the tests got to testdata, and fail")

// Check fails the test when got is not what stands in testdata/name, and shows the difference.
func Check(t testing.TB, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", filepath.FromSlash(name))
	if *recording {
		record(t, path, got)
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("failed to read golden file, record it with -record: %v", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs from what was recorded (-want +got):\n%s", path, diff)
	}
}

// CheckTree checks every file of a tree below testdata/dir, and that no other file is recorded there. The keys are
// paths relative to dir.
func CheckTree(t testing.TB, dir string, got map[string][]byte) {
	t.Helper()
	var names []string
	for name := range got {
		names = append(names, filepath.ToSlash(filepath.Clean(name)))
		Check(t, filepath.Join(dir, name), got[name])
	}
	for _, name := range recorded(t, filepath.Join("testdata", dir)) {
		if !slices.Contains(names, name) {
			surplus(t, filepath.Join("testdata", dir, name))
		}
	}
}

func record(t testing.TB, path string, got []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, got, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Errorf("recorded %s: run again without -record", path)
}

// surplus is a recorded file that no test output stands for any more.
func surplus(t testing.TB, path string) {
	t.Helper()
	if !*recording {
		t.Errorf("%s is recorded, and nothing was rendered for it", path)
		return
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	t.Errorf("removed %s: run again without -record", path)
}

func recorded(t testing.TB, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		names = append(names, filepath.ToSlash(name))
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return names
}
