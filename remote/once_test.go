package remote_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"hardway/artifact"
	"hardway/remote"
	"hardway/test/sshd"
)

// A look is what an idle rerun costs each host: one channel that is opened and one command that is run in it, whatever
// there is to look at.
func TestLookIsOneCommandInOneChannel(t *testing.T) {
	h := startHost(t, sshd.Options{})
	client := h.dial(t)
	q := remote.Query{Owners: []string{"root:root", me()}}
	for i := range 500 {
		q.Paths = append(q.Paths, fmt.Sprintf("/nonexistent/etc/kubernetes/pki/%d.crt", i))
	}
	_, err := client.Look(t.Context(), q)
	must(t, err)
	must(t, client.Close())
	eventually(t, "the server saw the client go", func() bool {
		return strings.Contains(h.Log(), "Closing connection to") || strings.Contains(h.Log(), "reset by peer")
	})
	for _, once := range []string{"Starting session:", "server_input_channel_open: ctype"} {
		if got := strings.Count(h.Log(), once); got != 1 {
			t.Errorf("the server logged %q %d times", once, got)
		}
	}
}

// A look has found the owners already when a delivery begins; staging then costs the one command that verifies.
func TestStageAsksForNoOwnerTwice(t *testing.T) {
	h := startHost(t, sshd.Options{})
	client, f := h.dial(t), file(t.TempDir()+"/a", "a", 0o600)
	if os.Geteuid() == 0 {
		// Root's own numbers are known without asking.
		f.Owner = "daemon:daemon"
	}
	_, err := client.Look(t.Context(), remote.Query{Owners: []string{f.Owner}})
	must(t, err)
	staged, err := client.Stage(t.Context(), []artifact.File{f})
	must(t, err)
	must(t, staged.Commit(t.Context()))
	if got := strings.Count(h.Log(), "Starting session: command"); got != 2 {
		t.Errorf("%d commands were run, want one look and one to verify", got)
	}
}
