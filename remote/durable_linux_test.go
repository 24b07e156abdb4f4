package remote_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"hardway/artifact"
	"hardway/test/sshd"
)

// What a power cut must not take is what the host was told to sync: the content of every file before the first rename,
// and every directory that a name came to stand in after the last. The order is that of the system calls of the host's
// SFTP server; it keeps their arguments from everybody but root.
func TestEverythingIsSyncedInOrder(t *testing.T) {
	calls := filepath.Join(t.TempDir(), "calls")
	h := startHost(t, sshd.Options{Under: []string{"strace", "--follow-forks", "--trace=fsync,rename", "--output=" + calls}})
	client, dir := h.dial(t), t.TempDir()
	staged, err := client.Stage(t.Context(), []artifact.File{
		file(dir+"/a.key", "key", 0o600), file(dir+"/a.crt", "crt", 0o644),
		directory(dir+"/made", 0o750), file(dir+"/made/b", "b", 0o600),
	})
	must(t, err)
	must(t, staged.Commit(t.Context()))
	must(t, client.Close())
	log, err := os.ReadFile(calls)
	must(t, err)
	var names []string
	for _, call := range regexp.MustCompile(`(?m)^\d+ +(fsync|rename)\(`).FindAllStringSubmatch(string(log), -1) {
		names = append(names, call[1])
	}
	// Three files, then their three names, then the two directories.
	const want = "fsync fsync fsync rename rename rename fsync fsync"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("got  %s\nwant %s\n%s", got, want, log)
	}
}
