package lab

import (
	"bytes"
	"context"
	"crypto/rand"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

func TestMain(m *testing.M) {
	if RunAsTool(os.Args) {
		return
	}
	if filepath.Base(os.Args[0]) == "probe" {
		os.Exit(probe(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// started is a lab with hosts h1, h2, … on addresses nobody else uses.
func started(t *testing.T, n int) *Lab {
	t.Helper()
	return startedWith(t, Options{Dir: t.TempDir(), Hosts: hosts(t, n)})
}

func hosts(t *testing.T, n int) []Host {
	t.Helper()
	addresses, err := FreeAddresses(n, rand.Reader, DefaultPort)
	if err != nil {
		t.Fatal(err)
	}
	var out []Host
	for i, a := range addresses {
		out = append(out, Host{Name: "h" + strconv.Itoa(i+1), Address: a})
	}
	return out
}

func startedWith(t *testing.T, o Options) *Lab {
	t.Helper()
	l, err := Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// dial logs in the way a client does: strict host keys, the lab's identity.
func dial(t *testing.T, l *Lab, host string) *ssh.Client {
	t.Helper()
	client, err := logIn(t, l, host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// tryToLogIn begins an SFTP session and ends it, as far as it gets.
func tryToLogIn(t *testing.T, l *Lab, host string) {
	t.Helper()
	client, err := logIn(t, l, host)
	if err != nil {
		return
	}
	defer client.Close()
	if session, err := sftp.NewClient(client); err == nil {
		_ = session.Close()
	}
}

func logIn(t *testing.T, l *Lab, host string) (*ssh.Client, error) {
	t.Helper()
	data, err := os.ReadFile(l.ClientKey())
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.ParsePrivateKey(data)
	if err != nil {
		t.Fatal(err)
	}
	known := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(known, l.KnownHosts(), 0o600); err != nil {
		t.Fatal(err)
	}
	check, err := knownhosts.New(known)
	if err != nil {
		t.Fatal(err)
	}
	return ssh.Dial("tcp", net.JoinHostPort(address(t, l, host), strconv.Itoa(l.options.Port)), &ssh.ClientConfig{
		User: "root", Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, HostKeyCallback: check, Timeout: 10 * time.Second,
	})
}

func address(t *testing.T, l *Lab, name string) string {
	t.Helper()
	h, err := l.host(name)
	if err != nil {
		t.Fatal(err)
	}
	return h.Address
}

func sftpTo(t *testing.T, l *Lab, host string) *sftp.Client {
	t.Helper()
	client, err := sftp.NewClient(dial(t, l, host))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// ran is what a command over SSH gave.
type ran struct {
	code        int
	out, errors string
}

func run(t *testing.T, client *ssh.Client, line string) ran {
	t.Helper()
	session, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	var out, errs bytes.Buffer
	session.Stdout, session.Stderr = &out, &errs
	err = session.Run(line)
	code := 0
	if exit, ok := err.(*ssh.ExitError); ok {
		code = exit.ExitStatus()
	} else if err != nil {
		t.Fatal(err)
	}
	return ran{code, out.String(), errs.String()}
}

// must runs what has to succeed.
func must(t *testing.T, client *ssh.Client, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if got := run(t, client, line); got.code != 0 {
			t.Fatalf("%s: exit %d: %s", line, got.code, got.errors)
		}
	}
}

// deliver puts a file on a host.
func deliver(t *testing.T, l *Lab, host, path, text string) {
	t.Helper()
	h, err := l.host(host)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.tree.writeFile(path, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

func logOf(t *testing.T, l *Lab, host, unit string) string {
	t.Helper()
	h, err := l.host(host)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(h.logFile(unit))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// eventually waits for what takes a while.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("never happened: %s", what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
