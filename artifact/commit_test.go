package artifact_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"hardway/artifact"
)

func TestCommitWritesModesAndContents(t *testing.T) {
	dir := t.TempDir()
	w := artifact.OpenWorkDir(dir)
	err := w.Commit([]artifact.Local{
		{Path: "pki/ca.key", Mode: 0o600, Data: []byte("key")},
		{Path: "pki/node/a.crt", Mode: 0o644, Data: []byte("crt")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]fs.FileMode{"pki/ca.key": 0o600, "pki/node/a.crt": 0o644} {
		info, err := os.Stat(filepath.Join(dir, path))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v; want mode %v", path, info, err, want)
		}
	}
	assertEntries(t, dir, "pki")
}

func TestCommitThatFailsLeavesEverythingAsItWas(t *testing.T) {
	dir := t.TempDir()
	w := artifact.OpenWorkDir(dir)
	if err := w.Commit([]artifact.Local{{Path: "a", Mode: 0o644, Data: []byte("old")}}); err != nil {
		t.Fatal(err)
	}
	// "a" is a file, so nothing can stand below it.
	err := w.Commit([]artifact.Local{
		{Path: "b", Mode: 0o644, Data: []byte("new")},
		{Path: "a/c", Mode: 0o644, Data: []byte("new")},
	})
	if err == nil {
		t.Fatal("writing below a file succeeded")
	}
	assertEntries(t, dir, "a")
}

// A crash can happen after any rename of a commit. The journal is what a crashed run leaves behind, so each such state is
// made here from the files of a real one, and the next run has to end with every file in place.
func TestLockFinishesACommitThatCrashed(t *testing.T) {
	for renamed := range 3 {
		dir := t.TempDir()
		staging := filepath.Join(dir, ".staging")
		must(t, os.Mkdir(staging, 0o700))
		for i, data := range []string{"key", "crt"} {
			path := filepath.Join(staging, []string{"000000", "000001"}[i])
			if i < renamed {
				path = filepath.Join(dir, []string{"ca.key", "ca.crt"}[i])
			}
			must(t, os.WriteFile(path, []byte(data), 0o600))
		}
		must(t, os.WriteFile(filepath.Join(staging, "journal.json"), []byte(`[{"path":"ca.key"},{"path":"ca.crt"}]`), 0o600))
		lockAndRelease(t, dir)
		for path, want := range map[string]string{"ca.key": "key", "ca.crt": "crt"} {
			if got, err := os.ReadFile(filepath.Join(dir, path)); err != nil || string(got) != want {
				t.Errorf("after %d renames: %s holds %q, %v", renamed, path, got, err)
			}
		}
		assertEntries(t, dir, "ca.crt", "ca.key")
	}
}

func TestLockClearsWhatWasStagedWithoutAJournal(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Mkdir(filepath.Join(dir, ".staging"), 0o700))
	must(t, os.WriteFile(filepath.Join(dir, ".staging", "000000"), []byte("half"), 0o600))
	lockAndRelease(t, dir)
	assertEntries(t, dir)
}

func TestTwoRunsInOneWorkDirectoryAtOnce(t *testing.T) {
	dir := t.TempDir()
	unlock, err := artifact.OpenWorkDir(dir).Lock()
	must(t, err)
	if _, err := artifact.OpenWorkDir(dir).Lock(); !errors.Is(err, artifact.ErrLocked) {
		t.Errorf("second lock: %v, want %v", err, artifact.ErrLocked)
	}
	must(t, unlock())
	lockAndRelease(t, dir)
	assertEntries(t, dir)
}

func lockAndRelease(t *testing.T, dir string) {
	t.Helper()
	unlock, err := artifact.OpenWorkDir(dir).Lock()
	must(t, err)
	must(t, unlock())
}

func assertEntries(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if len(got) != len(want) {
		t.Fatalf("%s holds %q, want %q", dir, got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("%s holds %q, want %q", dir, got, want)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
