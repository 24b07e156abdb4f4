package remote_test

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"hardway/remote"
	"hardway/test/sshd"
)

// free is addresses of 127.0.0.1 on which nobody listens.
func free(t *testing.T, n int) []string {
	t.Helper()
	var all []string
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		defer l.Close()
		all = append(all, l.Addr().String())
	}
	return all
}

func TestListenTakesConnectionsUntilItIsClosed(t *testing.T) {
	h := startHost(t, sshd.Options{})
	client, addresses := h.dial(t), free(t, 3)
	l, err := client.Listen(t.Context(), addresses)
	must(t, err)
	for range 3 {
		for _, a := range addresses {
			conn, err := client.Dial(t.Context(), "tcp", a)
			must(t, err)
			must(t, conn.Close())
		}
	}
	must(t, l.Close())
	must(t, l.Close())
	for _, a := range addresses {
		if conn, err := net.Dial("tcp", a); err == nil {
			conn.Close()
			t.Errorf("somebody still listens on %s", a)
		}
	}
}

func TestListenEndsWithTheConnection(t *testing.T) {
	h := startHost(t, sshd.Options{})
	client, addresses := h.dial(t), free(t, 2)
	_, err := client.Listen(t.Context(), addresses)
	must(t, err)
	must(t, client.Close())
	eventually(t, "nobody listens any more", func() bool {
		conn, err := net.Dial("tcp", addresses[1])
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
}

func TestListenOnWhatIsTakenSaysSo(t *testing.T) {
	h := startHost(t, sshd.Options{})
	client, addresses := h.dial(t), free(t, 2)
	taken, err := net.Listen("tcp", addresses[1])
	must(t, err)
	defer taken.Close()
	_, err = client.Listen(t.Context(), addresses)
	h.refuses(t, err, "listen", "already in use")
	if conn, err := net.Dial("tcp", addresses[0]); err == nil {
		conn.Close()
		t.Error("the other address is listened on all the same")
	}
}

func TestListenNeedsSystemd(t *testing.T) {
	bin := t.TempDir()
	for _, tool := range []string{"sh", "timeout", "sleep", "grep", "cat"} {
		path, err := exec.LookPath(tool)
		must(t, err)
		must(t, os.Symlink(path, filepath.Join(bin, tool)))
	}
	h := startHost(t, sshd.Options{Config: []string{"SetEnv PATH=" + bin}})
	_, err := h.dial(t).Listen(t.Context(), free(t, 1))
	h.refuses(t, err, "systemd-socket-activate is not on the host")
}

// TestListenIsToldFromEveryOtherCommand: a host that does not run a shell has to know what it is asked.
func TestListenIsToldFromEveryOtherCommand(t *testing.T) {
	script := remote.Script{Name: "hardway-other", Text: "echo", Args: []string{"1", "2"}}
	if _, ok := script.Command().Listens(); ok {
		t.Error("another script was taken for it")
	}
	parsed, ok := remote.ParseLine(script.Command().Line())
	if got, isScript := parsed.Script(); !ok || !isScript || got.Name != script.Name || strings.Join(got.Args, " ") != "1 2" {
		t.Errorf("got %+v, %v", got, ok)
	}
	if _, ok := remote.ParseLine("sh -c echo hello"); ok {
		t.Error("a script of another name was let through")
	}
}

func TestAskGivesWhatAScriptPrints(t *testing.T) {
	h := startHost(t, sshd.Options{})
	client := h.dial(t)
	got, err := client.Ask(t.Context(), remote.Script{Name: "hardway-test", Text: `printf "%s\n" "$0" "$@"`, Args: []string{"", "a 'b'"}})
	if string(got) != "hardway-test\n\na 'b'\n" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	_, err = client.Ask(context.Background(), remote.Script{Name: "hardway-test", Text: "echo no >&2; exit " + strconv.Itoa(3)})
	h.refuses(t, err, "hardway-test", "exit 3", "no")
}
