package remote_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hardway/artifact"
	"hardway/test/sshd"
)

func TestCommitPutsEverythingInPlace(t *testing.T) {
	client, dir := startHost(t, sshd.Options{}).dial(t), t.TempDir()
	must(t, os.WriteFile(dir+"/old.conf", []byte("old"), 0o644))
	must(t, os.Mkdir(dir+"/loose", 0o755))
	must(t, os.Symlink("/nonexistent", dir+"/link.conf"))
	staged, err := client.Stage(t.Context(), []artifact.File{
		file(dir+"/old.conf", "new", 0o600), file(dir+"/link.conf", "no link", 0o640), file(dir+"/with 'quotes' \"and\" spaces", "x", 0o644),
		directory(dir+"/loose", 0o700), directory(dir+"/made", 0o750), file(dir+"/made/sub/empty", "", 0o600),
		directory(dir+"/made/data", 0o700), file(dir+"/made/server.key", "key", 0o600), file(dir+"/made/server.crt", "crt", 0o644),
	})
	must(t, err)
	must(t, staged.Commit(t.Context()))
	want := map[string]string{
		"old.conf": "-rw------- new", "link.conf": "-rw-r----- no link", "with 'quotes' \"and\" spaces": "-rw-r--r-- x",
		"loose": "drwx------", "made": "drwxr-x---", "made/sub": "drwxr-xr-x", "made/sub/empty": "-rw------- ",
		"made/data": "drwx------", "made/server.key": "-rw------- key", "made/server.crt": "-rw-r--r-- crt",
	}
	if got := tree(t, dir); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("there is %v\nwant     %v", got, want)
	}
	must(t, staged.Discard(t.Context()))
	if got := tree(t, dir); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("discarding after the commit changed it to %v", got)
	}
}

// A directory that no file may be reached in yet stays shut until the commit.
func TestMissingDirectoryIsPrivateUntilTheCommit(t *testing.T) {
	client, dir := startHost(t, sshd.Options{}).dial(t), t.TempDir()
	staged, err := client.Stage(t.Context(), []artifact.File{directory(dir+"/pki", 0o755), file(dir+"/pki/a.key", "key", 0o600)})
	must(t, err)
	if info, err := os.Stat(dir + "/pki"); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("before the commit: %v, %v; want mode 0700", info, err)
	}
	must(t, staged.Commit(t.Context()))
	if info, err := os.Stat(dir + "/pki"); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("after the commit: %v, %v; want mode 0755", info, err)
	}
}

func TestReadersSeeTheOldFileOrTheNewOne(t *testing.T) {
	client, dir := startHost(t, sshd.Options{}).dial(t), t.TempDir()
	version := func(i int) string { return strings.Repeat(fmt.Sprintf("version %d\n", i), 5000) }
	must(t, os.WriteFile(dir+"/server.crt", []byte(version(0)), 0o644))
	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	readers.Go(func() {
		for ctx.Err() == nil {
			data, err := os.ReadFile(dir + "/server.crt")
			first, _, _ := strings.Cut(string(data), "\n")
			if err != nil || string(data) != strings.Repeat(first+"\n", 5000) {
				t.Errorf("a reader saw %d bytes, %v", len(data), err)
				return
			}
			time.Sleep(100 * time.Microsecond)
		}
	})
	for i := range 5 {
		staged, err := client.Stage(t.Context(), []artifact.File{file(dir+"/server.crt", version(i+1), 0o644)})
		must(t, err)
		must(t, staged.Commit(t.Context()))
	}
	stop()
	readers.Wait()
}

func TestCommitAfterItsContextChangesNothing(t *testing.T) {
	h := startHost(t, sshd.Options{})
	client, dir := h.dial(t), t.TempDir()
	must(t, os.WriteFile(dir+"/a.key", []byte("old"), 0o600))
	before := fmt.Sprint(tree(t, dir))
	staged, err := client.Stage(t.Context(), []artifact.File{file(dir+"/a.key", "new", 0o600), file(dir+"/a.crt", "new", 0o644)})
	must(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = staged.Commit(ctx)
	h.refuses(t, err)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	must(t, staged.Discard(t.Context()))
	if after := fmt.Sprint(tree(t, dir)); after != before {
		t.Errorf("there was %s, there is %s", before, after)
	}
}

// Something that cannot be replaced stands in the way of the second of three files.
func TestCommitThatFailsHalfWay(t *testing.T) {
	h := startHost(t, sshd.Options{})
	client, dir := h.dial(t), t.TempDir()
	for _, name := range []string{"a", "c"} {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte("old"), 0o600))
	}
	staged, err := client.Stage(t.Context(), []artifact.File{
		file(dir+"/a", "new", 0o600), file(dir+"/b", "new", 0o600), file(dir+"/c", "new", 0o600),
	})
	must(t, err)
	must(t, os.Mkdir(dir+"/b", 0o700))
	h.refuses(t, staged.Commit(t.Context()), dir+"/b")
	want := map[string]string{"a": "-rw------- new", "b": "drwx------", "c": "-rw------- new"}
	if got := tree(t, dir); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("there is %v, want %v", got, want)
	}
	must(t, os.Remove(dir+"/b"))
	again, err := client.Stage(t.Context(), []artifact.File{file(dir+"/b", "new", 0o600)})
	must(t, err)
	must(t, again.Commit(t.Context()))
	if got := tree(t, dir)["b"]; got != "-rw------- new" {
		t.Errorf("after it was run again b is %s", got)
	}
}

func TestCommitOnAConnectionThatIsGone(t *testing.T) {
	h := startHost(t, sshd.Options{})
	client, dir := h.dial(t), t.TempDir()
	staged, err := client.Stage(t.Context(), []artifact.File{file(dir+"/a", "new", 0o600)})
	must(t, err)
	h.Close()
	h.refuses(t, staged.Commit(t.Context()))
	h.refuses(t, staged.Discard(t.Context()))
	if _, err := os.Stat(dir + "/a"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file came to stand there: %v", err)
	}
}
