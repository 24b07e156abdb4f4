package lab

import (
	"crypto/ed25519"
	"crypto/rand"
	"net"
	"os"
	"testing"

	"golang.org/x/crypto/ssh"
)

func TestOnlyTheLabsKeyOpensAHostAndOnlyForRoot(t *testing.T) {
	l := started(t, 1)
	_, stranger, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	strangers, err := ssh.NewSignerFromKey(stranger)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(l.ClientKey())
	if err != nil {
		t.Fatal(err)
	}
	ours, err := ssh.ParsePrivateKey(data)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		user string
		auth ssh.AuthMethod
		in   bool
	}{
		"root with the key":    {"root", ssh.PublicKeys(ours), true},
		"root, another key":    {"root", ssh.PublicKeys(strangers), false},
		"another user":         {"ubuntu", ssh.PublicKeys(ours), false},
		"root with a password": {"root", ssh.Password("root"), false},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := ssh.Dial("tcp", net.JoinHostPort(address(t, l, "h1"), "2222"), &ssh.ClientConfig{
				User: c.user, Auth: []ssh.AuthMethod{c.auth}, HostKeyCallback: ssh.FixedHostKey(l.HostKey("h1")),
			})
			if (err == nil) != c.in {
				t.Errorf("let in: %v, want %v (%v)", err == nil, c.in, err)
			}
			if err == nil {
				_ = client.Close()
			}
		})
	}
	if info, err := os.Stat(l.ClientKey()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the identity is %v, %v; want 0600", info.Mode(), err)
	}
}

func TestHostsKeepTheirKeysAndHaveOneEach(t *testing.T) {
	o := Options{Dir: t.TempDir(), Hosts: hosts(t, 2)}
	l := startedWith(t, o)
	first := string(l.KnownHosts())
	if string(l.HostKey("h1").Marshal()) == string(l.HostKey("h2").Marshal()) {
		t.Errorf("two hosts share a key")
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if again := string(startedWith(t, o).KnownHosts()); again != first {
		t.Errorf("known_hosts changed from\n%s to\n%s", first, again)
	}
}

func TestTwoLabsOnOneAddress(t *testing.T) {
	o := Options{Dir: t.TempDir(), Hosts: hosts(t, 1)}
	startedWith(t, o)
	o.Dir = t.TempDir()
	if l, err := Start(t.Context(), o); err == nil {
		_ = l.Close()
		t.Errorf("two labs listen on one address")
	}
}
