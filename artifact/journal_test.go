package artifact_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hardway/artifact"
	"hardway/cluster"
)

// crashed is a work directory whose last run stopped after its journal stood: pki/ca.key was "old" and is to be "new".
func crashed(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	must(t, os.MkdirAll(filepath.Join(dir, ".staging"), 0o700))
	must(t, os.Mkdir(filepath.Join(dir, "pki"), 0o700))
	before := artifact.Digest([]byte("old"))
	for path, data := range map[string]string{
		".staging/000000":       "new",
		".staging/journal.json": `[{"path":"pki/ca.key","before":"` + before + `"},{"path":"hosts/a/gone","before":"` + before + `","remove":true}]`,
	} {
		must(t, os.WriteFile(filepath.Join(dir, path), []byte(data), 0o600))
	}
	return dir
}

func TestRecoveryNeverReplacesWhatWasPutThereSince(t *testing.T) {
	tests := map[string]struct {
		stands func(path string) error
		want   string
		fine   bool
	}{
		"as it was before":      {func(p string) error { return os.WriteFile(p, []byte("old"), 0o600) }, "new", true},
		"as it is to be":        {func(p string) error { return os.WriteFile(p, []byte("new"), 0o600) }, "new", true},
		"gone":                  {func(string) error { return nil }, "new", true},
		"gone with its parents": {func(p string) error { return os.RemoveAll(filepath.Dir(p)) }, "new", true},
		"another one":           {func(p string) error { return os.WriteFile(p, []byte("mine"), 0o600) }, "mine", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := crashed(t)
			key := filepath.Join(dir, "pki/ca.key")
			must(t, test.stands(key))
			unlock, err := artifact.OpenWorkDir(dir).Lock()
			if err == nil {
				must(t, unlock())
			}
			problems := cluster.ProblemsOf(err)
			if test.fine && err != nil || !test.fine && (len(problems) != 1 || problems[0].Subject != "pki/ca.key" || !strings.Contains(problems[0].Hint, ".staging")) {
				t.Errorf("got %v", err)
			}
			if got, err := os.ReadFile(key); err != nil || string(got) != test.want {
				t.Errorf("the key is %q (%v), want %q", got, err, test.want)
			}
		})
	}
}

func TestRecoveryKeepsALinkPutThereSince(t *testing.T) {
	dir := crashed(t)
	must(t, os.Symlink("/vault/not/mounted", filepath.Join(dir, "pki/ca.key")))
	if _, err := artifact.OpenWorkDir(dir).Lock(); len(cluster.ProblemsOf(err)) != 1 {
		t.Errorf("got %v", err)
	}
	if to, err := os.Readlink(filepath.Join(dir, "pki/ca.key")); err != nil || to != "/vault/not/mounted" {
		t.Errorf("the link is %q, %v", to, err)
	}
}

func TestRecoveryFinishesRemovals(t *testing.T) {
	dir := crashed(t)
	must(t, os.MkdirAll(filepath.Join(dir, "hosts/a"), 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "hosts/a/gone"), []byte("old"), 0o600))
	lockAndRelease(t, dir)
	assertEntries(t, filepath.Join(dir, "hosts"))
}

func TestCommitThatFailsRemovesNothing(t *testing.T) {
	dir := t.TempDir()
	w := artifact.OpenWorkDir(dir)
	must(t, os.WriteFile(filepath.Join(dir, "a"), []byte("old"), 0o600))
	if err := w.Commit([]artifact.Local{{Path: "a/c", Mode: 0o644}}, "a"); err == nil {
		t.Fatal("writing below a file succeeded")
	}
	assertEntries(t, dir, "a")
	must(t, w.Commit(nil, "a"))
	assertEntries(t, dir)
}
