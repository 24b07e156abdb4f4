package remote_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"hardway/remote"
	"hardway/test/sshd"
)

// opensshAgent is a real ssh-agent that holds these keys.
func opensshAgent(t testing.TB, files ...string) (socket string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "agent")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket = filepath.Join(dir, "s")
	agent := exec.Command("ssh-agent", "-D", "-a", socket)
	out, err := agent.StdoutPipe()
	must(t, err)
	must(t, agent.Start())
	t.Cleanup(func() { _ = agent.Process.Kill(); _ = agent.Wait() })
	_, err = bufio.NewReader(out).ReadString('\n')
	must(t, err)
	for _, file := range files {
		add := exec.Command("ssh-add", "-q", file)
		add.Env = append(os.Environ(), "SSH_AUTH_SOCK="+socket)
		if said, err := add.CombinedOutput(); err != nil {
			t.Fatalf("ssh-add: %v\n%s", err, said)
		}
	}
	return socket
}

func TestOpenSSHAgentSignsWithEveryKindOfKey(t *testing.T) {
	for _, kind := range []sshd.Kind{sshd.Ed25519, sshd.ECDSA, sshd.RSA} {
		t.Run(string(kind), func(t *testing.T) {
			file, line := userKey(t, kind, "")
			h := startHost(t, sshd.Options{Authorized: []string{line}, Config: []string{"PubkeyAcceptedAlgorithms -ssh-rsa"}})
			h.settings.IdentityFile, h.options.AgentSocket = "", opensshAgent(t, file)
			h.dial(t)
		})
	}
}

// With IdentitiesOnly the agent signs for nobody but the keys that are named, also where only their public half lies here.
func TestIdentitiesOnlyHoldsTheAgentBack(t *testing.T) {
	mine, line := userKey(t, sshd.ECDSA, "")
	stranger, _ := userKey(t, sshd.RSA, "")
	h := configured(t, sshd.Options{Authorized: []string{line}})
	h.options.AgentSocket = opensshAgent(t, stranger, mine)
	public := filepath.Join(t.TempDir(), "id_mine")
	must(t, os.WriteFile(public+".pub", []byte(line+"\n"), 0o600))
	const host = "Host kmaster1\n HostName ADDRESS\n Port PORT\n User USER\n"
	offered := func(text string) string {
		before := len(h.Log())
		h.config(t, host+text)
		h.dial(t)
		return h.Log()[before:]
	}
	for name, text := range map[string]string{
		"public half beside nothing": " IdentityFile " + public + "\n IdentitiesOnly yes\n",
		"public half itself":         " IdentityFile " + public + ".pub\n IdentitiesOnly yes\n",
	} {
		if log := offered(text); !strings.Contains(log, "pkalg ecdsa") || strings.Contains(log, "pkalg rsa") {
			t.Errorf("%s: offered\n%s", name, log)
		}
	}
	other, _ := userKey(t, sshd.Ed25519, "")
	h.config(t, host+" IdentityFile "+other+"\n IdentitiesOnly yes\n")
	h.refuses(t, h.dialFails(t), "refused every key")
	// Without it, the agent's other keys come after the one that is named.
	log := offered(" IdentityFile " + public + "\n")
	if strings.Contains(log, "pkalg rsa") {
		t.Errorf("the named key does not come first:\n%s", log)
	}
	h.options.AgentSocket = opensshAgent(t, stranger)
	h.config(t, host+" IdentityFile KEY\n")
	before := len(h.Log())
	h.dial(t)
	if log := h.Log()[before:]; !strings.Contains(log, "pkalg rsa") {
		t.Errorf("the agent's other keys are not offered:\n%s", log)
	}
	h.config(t, host+" IdentityFile "+public+"\n IdentityAgent none\n")
	h.refuses(t, h.dialFails(t), "no key")
	h.config(t, host+" IdentityAgent "+opensshAgent(t, mine)+"\n")
	h.dial(t)
}

func TestEncryptedIdentityOfTheConfiguration(t *testing.T) {
	file, line := userKey(t, sshd.Ed25519, "open sesame")
	h := configured(t, sshd.Options{Authorized: []string{line}})
	h.config(t, "Host kmaster1\n HostName ADDRESS\n Port PORT\n User USER\n IdentityFile /nonexistent/other\n IdentityFile "+file+"\n")
	h.refuses(t, h.dialFails(t), file, "nobody to ask", "ssh-agent")
	h.options.Passphrase = func(string) ([]byte, error) { return []byte("open sesame"), nil }
	dialer := remote.NewDialer(h.options)
	client, err := dialer.Dial(t.Context(), h.node)
	must(t, err)
	must(t, client.Close())
}

// Where an authority signs the keys of people, sshd knows none of them by themselves.
func TestUserCertificates(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Chmod(dir, 0o700))
	for _, words := range [][]string{
		{"-q", "-t", "ed25519", "-N", "", "-f", dir + "/authority"},
		{"-q", "-t", "rsa", "-N", "open sesame", "-f", dir + "/id"},
		{"-q", "-s", dir + "/authority", "-I", "me", "-n", me()[:strings.Index(me(), ":")], dir + "/id.pub"},
	} {
		if out, err := exec.Command("ssh-keygen", words...).CombinedOutput(); err != nil {
			t.Fatalf("ssh-keygen: %v\n%s", err, out)
		}
	}
	h := configured(t, sshd.Options{Config: []string{"TrustedUserCAKeys " + dir + "/authority.pub", "CASignatureAlgorithms +ssh-ed25519"}})
	h.options.Passphrase = func(string) ([]byte, error) { return []byte("open sesame"), nil }
	const host = "Host kmaster1\n HostName ADDRESS\n Port PORT\n User USER\n IdentitiesOnly yes\n"
	h.config(t, host+" IdentityFile "+dir+"/id\n")
	h.dial(t)
	must(t, os.Rename(dir+"/id-cert.pub", dir+"/elsewhere.pub"))
	h.refuses(t, h.dialFails(t), "refused every key")
	h.config(t, host+" IdentityFile "+dir+"/id\n CertificateFile "+dir+"/elsewhere.pub\n")
	h.dial(t)
	h.config(t, host+" IdentityFile "+dir+"/id\n CertificateFile "+dir+"/id.pub\n")
	h.refuses(t, h.dialFails(t), dir+"/id.pub", "without a certificate")
}
