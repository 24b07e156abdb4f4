package remote_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"hardway/remote"
	"hardway/test/sshd"
)

// certified is a host whose key is signed by an authority, for one name.
func certified(t testing.TB, principal string) (h *testHost, authority string) {
	t.Helper()
	dir := t.TempDir()
	must(t, os.Chmod(dir, 0o700))
	keygen := func(words ...string) {
		t.Helper()
		if out, err := exec.Command("ssh-keygen", words...).CombinedOutput(); err != nil {
			t.Fatalf("ssh-keygen: %v\n%s", err, out)
		}
	}
	keygen("-q", "-t", "ecdsa", "-N", "", "-f", dir+"/authority")
	keygen("-q", "-t", "ed25519", "-N", "", "-f", dir+"/host")
	keygen("-q", "-s", dir+"/authority", "-I", "host", "-h", "-n", principal, dir+"/host.pub")
	public, err := os.ReadFile(dir + "/authority.pub")
	must(t, err)
	h = startHost(t, sshd.Options{
		HostKeys: []sshd.Kind{sshd.ECDSA, sshd.RSA},
		Config:   []string{"HostKey " + dir + "/host", "HostCertificate " + dir + "/host-cert.pub"},
	})
	return h, strings.TrimSpace(string(public))
}

func TestCertificateAuthority(t *testing.T) {
	h, authority := certified(t, "127.0.0.1")
	line := fmt.Sprintf("@cert-authority [127.0.0.*]:%d %s\n", h.Port, authority)
	h.trust(t, line)
	h.dial(t)
	shown, err := remote.NewDialer(h.options).HostKey(t.Context(), h.node)
	if err != nil || !shown.Trusted {
		t.Errorf("got %+v, %v", shown, err)
	}
	t.Run("on every port", func(t *testing.T) {
		h.trust(t, "@cert-authority * "+authority+"\n")
		h.dial(t)
	})
	t.Run("revoked", func(t *testing.T) {
		h.trust(t, line+"@revoked * "+authority+"\n")
		h.refuses(t, h.dialFails(t), "not accepted", "revoked")
	})
	t.Run("for another name", func(t *testing.T) {
		other, authority := certified(t, "another.example.com")
		other.trust(t, "@cert-authority * "+authority+"\n")
		other.refuses(t, other.dialFails(t), "not accepted", "principal")
	})
	t.Run("a host without a certificate is not known", func(t *testing.T) {
		plain := startHost(t, sshd.Options{})
		plain.trust(t, "@cert-authority * "+authority+"\n")
		plain.refuses(t, plain.dialFails(t), "not known", "hardway hosts trust kmaster1", ssh.FingerprintSHA256(plain.HostKeys[0]))
	})
	t.Run("beside a plain key", func(t *testing.T) {
		plain := startHost(t, sshd.Options{})
		plain.trust(t, "@cert-authority * "+authority+"\n"+plain.KnownHostsLines(plain.HostKeys...))
		plain.dial(t)
	})
}

func TestKnownHostsFilesOfTheConfiguration(t *testing.T) {
	h := configured(t, sshd.Options{})
	extra := filepath.Join(t.TempDir(), "known hosts")
	reach := func(more string) {
		h.config(t, "Host kmaster1\n HostName ADDRESS\n Port PORT\n User USER\n IdentityFile KEY\n UserKnownHostsFile /nonexistent/x \""+extra+"\"\n"+more)
	}
	h.trust(t, "")
	reach("")
	must(t, os.WriteFile(extra, []byte(h.KnownHostsLines(h.HostKeys...)), 0o600))
	h.dial(t)
	t.Run("cannot relax what the work directory says", func(t *testing.T) {
		old := newKey(t, sshd.Ed25519)
		h.trust(t, h.KnownHostsLines(old))
		h.refuses(t, h.dialFails(t), "has changed", ssh.FingerprintSHA256(old), ssh.FingerprintSHA256(h.HostKeys[0]), h.KnownHosts+":1")
	})
	t.Run("but may revoke", func(t *testing.T) {
		h.trust(t, h.KnownHostsLines(h.HostKeys...))
		must(t, os.WriteFile(extra, []byte("@revoked * "+string(ssh.MarshalAuthorizedKey(h.HostKeys[0]))), 0o600))
		h.refuses(t, h.dialFails(t), "revoked", "line 1 of "+extra)
	})
	t.Run("under an alias", func(t *testing.T) {
		h.trust(t, "")
		key := string(ssh.MarshalAuthorizedKey(h.HostKeys[0]))
		must(t, os.WriteFile(extra, []byte("the-cluster "+key), 0o600))
		h.refuses(t, h.dialFails(t), "not known")
		reach(" HostKeyAlias The-Cluster\n")
		h.dial(t)
	})
}
