package artifact_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"hardway/artifact"
)

// TestDigestOfAFileIsComputedWhenTheFileIsAnother holds that what many hosts get is read once, and that no digest is one
// of what stood there before.
func TestDigestOfAFileIsComputedWhenTheFileIsAnother(t *testing.T) {
	dir := t.TempDir()
	w := artifact.OpenWorkDir(dir)
	path, then := filepath.Join(dir, "etcd"), time.Now().Add(-time.Hour)
	write := func(t *testing.T, text string, at time.Time) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	replace := func(t *testing.T, text string, at time.Time) {
		t.Helper()
		if err := os.Rename(path, path+".old"); err != nil {
			t.Fatal(err)
		}
		write(t, text, at)
	}
	write(t, "3.6.15", then)
	for _, c := range []struct {
		name string
		do   func(t *testing.T)
		want string
	}{
		{"first", func(*testing.T) {}, "3.6.15"},
		{"same time and size", func(t *testing.T) { write(t, "unread", then) }, "3.6.15"},
		{"other time", func(t *testing.T) { write(t, "3.6.16", then.Add(time.Second)) }, "3.6.16"},
		{"other size", func(t *testing.T) { write(t, "3.6.17+", then.Add(time.Second)) }, "3.6.17+"},
		{"another file in its place", func(t *testing.T) { replace(t, "3.6.18+", then.Add(time.Second)) }, "3.6.18+"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.do(t)
			if got, err := w.File("etcd").SHA256(); err != nil || got != artifact.Digest([]byte(c.want)) {
				t.Errorf("got %s, %v; want the digest of %q", got, err, c.want)
			}
		})
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if got, err := w.File("etcd").SHA256(); !os.IsNotExist(err) {
		t.Errorf("got %s, %v of a file that is gone", got, err)
	}
}
