package remote_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"hardway/remote"
	"hardway/test/sshd"
)

func TestUnknownHostIsToldNothing(t *testing.T) {
	h := startHost(t, sshd.Options{})
	for name, known := range map[string]func(){
		"empty known_hosts":     func() { h.trust(t, "") },
		"no known_hosts":        func() { must(t, os.Remove(h.KnownHosts)) },
		"another host is known": func() { h.trust(t, strings.ReplaceAll(h.KnownHostsLines(h.HostKeys...), h.Address, "127.0.0.9")) },
		"the name has a key, its address has none": func() {
			h.trust(t, strings.ReplaceAll(h.KnownHostsLines(h.HostKeys...), h.Address, h.node.Name))
		},
	} {
		t.Run(name, func(t *testing.T) {
			known()
			h.refuses(t, h.dialFails(t), "not known", ssh.FingerprintSHA256(h.HostKeys[0]), "hardway hosts trust kmaster1")
		})
	}
	eventually(t, "the server saw four clients go", func() bool { return goodbyes(h) >= 4 })
	if strings.Contains(h.Log(), "userauth-request") {
		t.Error("a user was named to a host that nobody vouched for")
	}
}

// goodbyes counts the clients that went away before they logged in.
func goodbyes(h *testHost) int {
	return strings.Count(h.Log(), "Connection closed by") + strings.Count(h.Log(), "Connection reset by") +
		strings.Count(h.Log(), "Received disconnect from")
}

func TestChangedHostKeyIsRefused(t *testing.T) {
	h := startHost(t, sshd.Options{})
	old := newKey(t, sshd.Ed25519)
	h.trust(t, "# written by hand\n\n"+h.KnownHostsLines(old))
	h.refuses(t, h.dialFails(t), "has changed", ssh.FingerprintSHA256(h.HostKeys[0]), ssh.FingerprintSHA256(old),
		fmt.Sprintf("line 3 of %s", h.KnownHosts), "hardway hosts trust kmaster1")
	_, err := remote.NewDialer(h.options).HostKey(t.Context(), h.node)
	h.refuses(t, err, "has changed", ssh.FingerprintSHA256(old))
	if strings.Contains(h.Log(), "userauth-request") {
		t.Error("a user was named to a host with another key")
	}
}

// A host that has lost the one key that was known has nothing to show when it is asked for that kind. That is a changed
// key all the same, and both fingerprints are what an operator needs.
func TestChangedKindOfHostKeyIsRefused(t *testing.T) {
	h := startHost(t, sshd.Options{HostKeys: []sshd.Kind{sshd.ECDSA}})
	old := newKey(t, sshd.Ed25519)
	h.trust(t, h.KnownHostsLines(old))
	h.refuses(t, h.dialFails(t), "has changed", ssh.FingerprintSHA256(h.HostKeys[0]), ssh.FingerprintSHA256(old), "line 1")
	_, err := remote.NewDialer(h.options).HostKey(t.Context(), h.node)
	h.refuses(t, err, "has changed", ssh.FingerprintSHA256(h.HostKeys[0]))
}

func TestRevokedHostKeyIsRefused(t *testing.T) {
	h := startHost(t, sshd.Options{})
	lines := h.KnownHostsLines(h.HostKeys...)
	h.trust(t, lines+"@revoked "+lines)
	h.refuses(t, h.dialFails(t), "revoked", h.KnownHosts)
}

func TestUnreadableKnownHostsIsNamed(t *testing.T) {
	h := startHost(t, sshd.Options{})
	h.trust(t, h.KnownHostsLines(h.HostKeys...)+"rubbish\n")
	h.refuses(t, h.dialFails(t), h.KnownHosts, "2")
}

func TestOneKnownKeyOfSeveralIsEnough(t *testing.T) {
	h := startHost(t, sshd.Options{HostKeys: []sshd.Kind{sshd.Ed25519, sshd.ECDSA, sshd.RSA}})
	for _, key := range h.HostKeys {
		t.Run(key.Type(), func(t *testing.T) {
			h.trust(t, h.KnownHostsLines(key))
			must(t, h.dial(t).Do(t.Context(), remote.Remove("/nonexistent/file")))
		})
	}
	t.Run("beside a stale one", func(t *testing.T) {
		h.trust(t, h.KnownHostsLines(newKey(t, sshd.ECDSA), h.HostKeys[2]))
		h.refuses(t, h.dialFails(t), "has changed", ssh.FingerprintSHA256(h.HostKeys[1]))
	})
}

func TestHostKeyIsShownWithoutLoggingIn(t *testing.T) {
	h := startHost(t, sshd.Options{HostKeys: []sshd.Kind{sshd.RSA, sshd.Ed25519}})
	h.trust(t, "")
	dialer := remote.NewDialer(h.options)
	shown, err := dialer.HostKey(t.Context(), h.node)
	must(t, err)
	want := remote.ShownKey{
		Type: ssh.KeyAlgoED25519, Fingerprint: ssh.FingerprintSHA256(h.HostKeys[1]),
		Line: strings.TrimSpace(h.KnownHostsLines(h.HostKeys[1])),
	}
	if shown != want {
		t.Errorf("got %+v, want %+v", shown, want)
	}
	if strings.Contains(h.Log(), "userauth-request") {
		t.Error("looking at the key tried to log in")
	}
	h.trust(t, shown.Line+"\n")
	if shown, err = dialer.HostKey(t.Context(), h.node); err != nil || !shown.Trusted {
		t.Errorf("after its line was recorded: %+v, %v", shown, err)
	}
	h.dial(t)
}

// newKey is a key that no server has.
func newKey(t testing.TB, kind sshd.Kind) ssh.PublicKey {
	t.Helper()
	key, err := sshd.WriteKey(t.TempDir()+"/key", kind, "")
	must(t, err)
	return key
}
