package remote_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"hardway/remote"
	"hardway/test/sshd"
)

func TestAgentLogsIn(t *testing.T) {
	file, line := userKey(t, sshd.RSA, "")
	h := startHost(t, sshd.Options{Authorized: []string{line}})
	a := startAgent(t, file)
	h.settings.IdentityFile, h.options.AgentSocket = "", a.socket
	must(t, h.dial(t).Do(t.Context(), remote.Remove("/nonexistent/file")))
	eventually(t, "every connection to the agent has ended", func() bool { return a.open.Load() == 0 })
}

func TestAgentHelpsWithAnEncryptedIdentityFile(t *testing.T) {
	encrypted, line := userKey(t, sshd.Ed25519, "open sesame")
	data, err := os.ReadFile(encrypted)
	must(t, err)
	key, err := ssh.ParseRawPrivateKeyWithPassphrase(data, []byte("open sesame"))
	must(t, err)
	a := startAgent(t)
	must(t, a.keys.Add(agent.AddedKey{PrivateKey: key}))
	h := startHost(t, sshd.Options{Authorized: []string{line}})
	h.settings.IdentityFile, h.options.AgentSocket = encrypted, a.socket
	h.options.Passphrase = func(file string) ([]byte, error) {
		t.Errorf("the passphrase of %s was asked for", file)
		return nil, os.ErrPermission
	}
	h.dial(t)
}

func TestOnlyTheConfiguredIdentityIsOffered(t *testing.T) {
	stranger, _ := userKey(t, sshd.ECDSA, "")
	h := startHost(t, sshd.Options{})
	h.options.AgentSocket = startAgent(t, stranger).socket
	h.home(t, "id_ecdsa", stranger)
	h.dial(t)
	if !strings.Contains(h.Log(), "pkalg ssh-ed25519") || strings.Contains(h.Log(), "pkalg ecdsa") {
		t.Errorf("offered:\n%s", h.Log())
	}
}

// OpenSSH ends a connection after six keys that it does not know.
func TestAgentWithManyStrangeKeysIsExplained(t *testing.T) {
	h := startHost(t, sshd.Options{})
	a := startAgent(t)
	for range 10 {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		must(t, err)
		must(t, a.keys.Add(agent.AddedKey{PrivateKey: key}))
	}
	h.settings.IdentityFile, h.options.AgentSocket = "", a.socket
	h.refuses(t, h.dialFails(t), "too many", "ssh.identityFile")
	eventually(t, "every connection to the agent has ended", func() bool { return a.open.Load() == 0 })
}

func TestAgentThatIsGoneDoesNotHinderIdentityFiles(t *testing.T) {
	h := startHost(t, sshd.Options{})
	identity := h.settings.IdentityFile
	h.settings.IdentityFile, h.options.AgentSocket = "", filepath.Join(t.TempDir(), "gone")
	h.refuses(t, h.dialFails(t), "no key", "SSH agent", h.options.AgentSocket)
	h.home(t, "id_ed25519", identity)
	h.dial(t)
}

// testAgent is an agent in this process.
type testAgent struct {
	socket string
	keys   agent.Agent
	open   atomic.Int32
}

func startAgent(t testing.TB, files ...string) *testAgent {
	t.Helper()
	// A socket's path may have 107 bytes; the directories of tests with long names are too long.
	dir, err := os.MkdirTemp("", "agent")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	a := &testAgent{socket: filepath.Join(dir, "socket"), keys: agent.NewKeyring()}
	for _, file := range files {
		data, err := os.ReadFile(file)
		must(t, err)
		key, err := ssh.ParseRawPrivateKey(data)
		must(t, err)
		must(t, a.keys.Add(agent.AddedKey{PrivateKey: key}))
	}
	listener, err := net.Listen("unix", a.socket)
	must(t, err)
	t.Cleanup(func() { listener.Close() })
	go a.serve(listener)
	return a
}

func (a *testAgent) serve(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		a.open.Add(1)
		go func() {
			defer a.open.Add(-1)
			_ = agent.ServeAgent(a.keys, conn)
			_ = conn.Close()
		}()
	}
}
