package remote

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/test/sshd"
)

// The host's sudo is a script here, because only root and people with an entry in sudoers can use the real one. What is
// held is what hardway asks of it, and that everything goes through it.
const (
	lettingSudo  = "#!/bin/sh\n[ \"$1\" = -n ] || exit 99\nshift\necho \"$1\" >>\"${0%/*}/asked\"\nexec \"$@\"\n"
	refusingSudo = "#!/bin/sh\necho 'sudo: a password is required' >&2\nexit 1\n"
)

func TestEverythingGoesThroughSudo(t *testing.T) {
	client, bin := throughSudo(t, lettingSudo)
	path := filepath.Join(t.TempDir(), "with 'quotes'", "a.conf")
	staged, err := client.Stage(t.Context(), []artifact.File{{Path: path, Mode: 0o600, Owner: owner(t, client), Content: artifact.Bytes([]byte("text"))}})
	if err != nil {
		t.Fatal(err)
	}
	if err := staged.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, err := client.ReadFile(t.Context(), path); string(got) != "text" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if err := client.Do(t.Context(), Remove(path)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the file was not removed: %v", err)
	}
	asked, err := os.ReadFile(filepath.Join(bin, "asked"))
	if err != nil {
		t.Fatal(err)
	}
	for _, program := range []string{"sh", "rm"} {
		if !strings.Contains(string(asked), program+"\n") {
			t.Errorf("sudo was not asked to run %s, but %q", program, asked)
		}
	}
}

func TestSudoThatWantsAPasswordIsExplained(t *testing.T) {
	client, _ := throughSudo(t, refusingSudo)
	_, errLook := client.Look(t.Context(), Query{Paths: []string{"/etc"}})
	_, errRead := client.ReadFile(t.Context(), "/etc/passwd")
	for what, err := range map[string]error{"look": errLook, "read": errRead, "do": client.Do(t.Context(), Remove("/nonexistent/file"))} {
		failed, ok := errors.AsType[*HostError](err)
		if !ok || !strings.Contains(failed.Message, "a password is required") || !strings.Contains(failed.Hint, "NOPASSWD") {
			t.Errorf("%s: got %#v, want the words of sudo and what to do", what, err)
		}
	}
}

// throughSudo is a connection to a host with this sudo in the first directory of its PATH.
func throughSudo(t *testing.T, script string) (client *Client, bin string) {
	t.Helper()
	bin = t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "sudo"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	server := sshd.Start(t, sshd.Options{Config: []string{"SetEnv PATH=" + bin + ":/usr/bin:/bin"}})
	dialer := NewDialer(Options{SSH: func(cluster.Node) cluster.SSH { return server.SSH() }, KnownHosts: server.KnownHosts, Home: t.TempDir()})
	client, err := dialer.Dial(t.Context(), server.Node("kmaster1"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	// Root needs no sudo, and root may be who runs the test.
	client.sudo = true
	return client, bin
}

// owner is user:group of whoever logs in, as the host says it.
func owner(t *testing.T, client *Client) string {
	t.Helper()
	dir := t.TempDir()
	state, err := client.Look(t.Context(), Query{Paths: []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	return state.Paths[dir].Owner
}
