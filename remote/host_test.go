package remote_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/remote"
	"hardway/test/sshd"
)

// testHost is an OpenSSH server and a dialer's view of it. The settings and options may be changed before dialing.
type testHost struct {
	*sshd.Server
	node     cluster.Node
	settings cluster.SSH
	options  remote.Options
}

func startHost(t testing.TB, o sshd.Options) *testHost {
	t.Helper()
	h := &testHost{Server: sshd.Start(t, o)}
	h.node, h.settings = h.Node("kmaster1"), h.SSH()
	h.options = remote.Options{
		SSH:        func(cluster.Node) cluster.SSH { return h.settings },
		KnownHosts: h.KnownHosts, Home: t.TempDir(),
	}
	return h
}

// trust makes lines the whole of known_hosts.
func (h *testHost) trust(t testing.TB, lines string) {
	t.Helper()
	must(t, os.WriteFile(h.KnownHosts, []byte(lines), 0o600))
}

func (h *testHost) dial(t testing.TB) *remote.Client {
	t.Helper()
	client, err := remote.NewDialer(h.options).Dial(t.Context(), h.node)
	must(t, err)
	t.Cleanup(func() { must(t, client.Close()) })
	return client
}

// dialWithin dials with another timeout.
func (h *testHost) dialWithin(t testing.TB, timeout time.Duration) *remote.Client {
	t.Helper()
	h.settings.Timeout.Duration = timeout
	return h.dial(t)
}

// dialFails is the error of a dial that has to fail.
func (h *testHost) dialFails(t testing.TB) error {
	t.Helper()
	client, err := remote.NewDialer(h.options).Dial(context.Background(), h.node)
	if err == nil {
		client.Close()
		t.Fatal("dialing succeeded")
	}
	return err
}

// file is a file as the user who runs the test can own it: not everybody is root.
func file(path, content string, mode os.FileMode) artifact.File {
	return artifact.File{Path: path, Mode: mode, Owner: me(), Content: artifact.Bytes([]byte(content))}
}

func directory(path string, mode os.FileMode) artifact.File {
	return artifact.File{Path: path, Mode: os.ModeDir | mode, Owner: me()}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refuses fails the test unless err is a HostError about the host that says all of these, in its message or its hint.
func (h *testHost) refuses(t testing.TB, err error, says ...string) {
	t.Helper()
	failed, ok := errors.AsType[*remote.HostError](err)
	if !ok {
		t.Fatalf("got %v (%T), want a HostError", err, err)
	}
	if failed.Host != h.node.Name {
		t.Errorf("%v is about host %q, want %s", failed, failed.Host, h.node.Name)
	}
	if failed.Hint == "" {
		t.Errorf("%v comes without a hint", failed)
	}
	for _, want := range says {
		if !strings.Contains(failed.Error()+"\n"+failed.Hint, want) {
			t.Errorf("the error does not speak of %q:\n%s\nhint: %s", want, failed, failed.Hint)
		}
	}
}

// eventually waits for something that happens on the other side.
func eventually(t testing.TB, what string, happened func() bool) {
	t.Helper()
	for range 1000 {
		if happened() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("waited in vain until %s", what)
}
