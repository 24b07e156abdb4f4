package remote_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/ssh"

	"hardway/cluster"
	"hardway/remote"
	"hardway/test/sshd"
)

func TestEveryKindOfUserKeyLogsIn(t *testing.T) {
	for _, kind := range []sshd.Kind{sshd.Ed25519, sshd.ECDSA, sshd.RSA} {
		for name, passphrase := range map[string]string{"plain": "", "encrypted": "open sesame"} {
			t.Run(string(kind)+" "+name, func(t *testing.T) {
				file, line := userKey(t, kind, passphrase)
				// What RSA signs with SHA-1 is refused by every server of today, so by this one.
				h := startHost(t, sshd.Options{Authorized: []string{line}, Config: []string{"PubkeyAcceptedAlgorithms -ssh-rsa"}})
				h.settings.IdentityFile = file
				h.options.Passphrase = func(string) ([]byte, error) { return []byte(passphrase), nil }
				h.dial(t)
			})
		}
	}
}

func TestRefusedKeyIsToldFromEverythingElse(t *testing.T) {
	h := startHost(t, sshd.Options{})
	h.settings.IdentityFile, _ = userKey(t, sshd.Ed25519, "")
	h.refuses(t, h.dialFails(t), h.Endpoint(), "user "+h.User, "authorized_keys", "ssh.identityFile")
}

func TestIdentityFilesThatAreOfNoUse(t *testing.T) {
	h := startHost(t, sshd.Options{})
	rubbish, public := filepath.Join(t.TempDir(), "rubbish"), filepath.Join(t.TempDir(), "id.pub")
	must(t, os.WriteFile(rubbish, []byte("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n"), 0o600))
	must(t, os.WriteFile(public, ssh.MarshalAuthorizedKey(h.HostKeys[0]), 0o600))
	for name, file := range map[string]string{
		"missing": "/nonexistent/id", "rubbish": rubbish, "public half": public, "directory": t.TempDir(),
	} {
		t.Run(name, func(t *testing.T) {
			h.settings.IdentityFile = file
			h.refuses(t, h.dialFails(t), file)
		})
	}
}

func TestNoKeyAtAll(t *testing.T) {
	h := startHost(t, sshd.Options{})
	h.settings.IdentityFile = ""
	h.refuses(t, h.dialFails(t), "no key", "ssh.identityFile")
}

func TestUsualIdentityFilesAreTried(t *testing.T) {
	file, line := userKey(t, sshd.ECDSA, "")
	h := startHost(t, sshd.Options{Authorized: []string{line}})
	h.settings.IdentityFile = ""
	h.home(t, "id_ecdsa", file)
	stranger, _ := userKey(t, sshd.Ed25519, "")
	h.home(t, "id_ed25519", stranger)
	h.dial(t)
}

func TestTildeIsTheHomeDirectory(t *testing.T) {
	h := startHost(t, sshd.Options{})
	h.home(t, "mine", h.IdentityFile)
	h.settings.IdentityFile = "~/.ssh/mine"
	h.dial(t)
}

func TestPassphraseIsAskedOnceForAllHosts(t *testing.T) {
	file, line := userKey(t, sshd.Ed25519, "open sesame")
	var asked atomic.Int32
	var hosts []*testHost
	for range 3 {
		hosts = append(hosts, startHost(t, sshd.Options{Authorized: []string{line}}))
	}
	dialer := dialerFor(t, hosts, remote.Options{Passphrase: func(got string) ([]byte, error) {
		if asked.Add(1); got != file {
			t.Errorf("asked for %s, want %s", got, file)
		}
		return []byte("open sesame"), nil
	}})
	for _, h := range hosts {
		h.settings.IdentityFile = file
	}
	must(t, remote.ForEach(t.Context(), append(hosts, hosts...), 6, func(ctx context.Context, h *testHost) error {
		client, err := dialer.Dial(ctx, h.node)
		if err != nil {
			return err
		}
		return client.Close()
	}))
	if asked.Load() != 1 {
		t.Errorf("the passphrase was asked for %d times", asked.Load())
	}
}

func TestPassphraseThatCannotBeHad(t *testing.T) {
	file, line := userKey(t, sshd.Ed25519, "open sesame")
	h := startHost(t, sshd.Options{Authorized: []string{line}})
	h.settings.IdentityFile = file
	for name, ask := range map[string]func(string) ([]byte, error){
		"nobody to ask": nil,
		"nobody knows":  func(string) ([]byte, error) { return nil, errors.New("no terminal") },
		"wrong answer":  func(string) ([]byte, error) { return []byte("open barley"), nil },
	} {
		t.Run(name, func(t *testing.T) {
			h.options.Passphrase = ask
			err := h.dialFails(t)
			h.refuses(t, err, file)
			if strings.Contains(err.Error(), "barley") {
				t.Errorf("the passphrase is in the error: %v", err)
			}
		})
	}
}

// An error about a key is one for every host; each has to name its own.
func TestSharedFailureNamesEachHost(t *testing.T) {
	file, line := userKey(t, sshd.Ed25519, "open sesame")
	a, b := startHost(t, sshd.Options{Authorized: []string{line}}), startHost(t, sshd.Options{Authorized: []string{line}})
	a.settings.IdentityFile, b.settings.IdentityFile, b.node.Name = file, file, "kmaster2"
	dialer := dialerFor(t, []*testHost{a, b}, remote.Options{})
	var errs []error
	for _, h := range []*testHost{a, b, a} {
		_, err := dialer.Dial(t.Context(), h.node)
		errs = append(errs, err)
	}
	a.refuses(t, errs[0])
	b.refuses(t, errs[1])
	a.refuses(t, errs[2])
}

// userKey makes a user's key, and the line that lets it in.
func userKey(t testing.TB, kind sshd.Kind, passphrase string) (file, line string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "id")
	public, err := sshd.WriteKey(file, kind, passphrase)
	must(t, err)
	return file, strings.TrimSpace(string(ssh.MarshalAuthorizedKey(public)))
}

// authorizedLine is the line that lets a plain identity file in.
func authorizedLine(t testing.TB, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	must(t, err)
	key, err := ssh.ParsePrivateKey(data)
	must(t, err)
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key.PublicKey())))
}

// home puts a key among the usual files of the operator.
func (h *testHost) home(t testing.TB, name, file string) {
	t.Helper()
	data, err := os.ReadFile(file)
	must(t, err)
	must(t, os.MkdirAll(filepath.Join(h.options.Home, ".ssh"), 0o700))
	must(t, os.WriteFile(filepath.Join(h.options.Home, ".ssh", name), data, 0o600))
}

// dialerFor is one dialer that reaches several hosts: they share an address and are told apart by name.
func dialerFor(t testing.TB, hosts []*testHost, o remote.Options) *remote.Dialer {
	t.Helper()
	var known string
	for i, h := range hosts {
		if h.node.Name == "kmaster1" && i > 0 {
			h.node.Name += string(rune('a' + i))
		}
		known += h.KnownHostsLines(h.HostKeys...)
	}
	o.KnownHosts, o.Home = filepath.Join(t.TempDir(), "known_hosts"), t.TempDir()
	must(t, os.WriteFile(o.KnownHosts, []byte(known), 0o600))
	o.SSH = func(n cluster.Node) cluster.SSH {
		for _, h := range hosts {
			if h.node.Name == n.Name {
				return h.settings
			}
		}
		t.Errorf("settings of unknown host %q wanted", n.Name)
		return cluster.SSH{}
	}
	return remote.NewDialer(o)
}
