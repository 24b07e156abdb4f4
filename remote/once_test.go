package remote_test

import (
	"fmt"
	"strings"
	"testing"

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
