package remote

import (
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/pkg/sftp"

	"hardway/cluster"
	"hardway/test/sshd"
)

// Only root and people with an entry in sudoers can use sudo, and root needs none. So what is held here is the lines that
// are formed, that a shell makes of the longest one what is meant, and what is said where sudo does not help.

func TestWhoGoesThroughSudo(t *testing.T) {
	for name, c := range map[string]struct {
		to   hop
		want bool
	}{
		"not asked for":             {hop{user: "ubuntu"}, false},
		"asked for":                 {hop{user: "ubuntu", sudo: true}, true},
		"asked for, but it is root": {hop{user: "root", sudo: true}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := throughSudo(c.to); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestLinesThroughSudo(t *testing.T) {
	for _, c := range []struct {
		command Command
		want    string
	}{
		{Systemctl("restart", "etcd.service"), "sudo -n systemctl restart etcd.service"},
		{Sysusers("/etc/sysusers.d/hardway.conf"), "sudo -n systemd-sysusers /etc/sysusers.d/hardway.conf"},
		{Remove("/etc/it's"), `sudo -n rm -f -- '/etc/it'\''s'`},
	} {
		if got := (&Client{sudo: true}).asRoot(c.command.Line()); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
		if got := (&Client{}).asRoot(c.command.Line()); got != strings.TrimPrefix(c.want, "sudo -n ") {
			t.Errorf("without sudo: got %s", got)
		}
	}
	look := (&Client{sudo: true}).asRoot(LookCommand(Query{Paths: []string{"/etc"}}).Line())
	if !strings.HasPrefix(look, "sudo -n sh -c 'n=$1 m=$2;") || !strings.HasSuffix(look, "' hardway-look 1 0 /etc") {
		t.Errorf("got %.40s…%s", look, look[len(look)-40:])
	}
}

// What sudo is asked to start has to be an SFTP server. A shell runs the line here as it does on a host, without sudo.
func TestServerAsRootIsAnSFTPServer(t *testing.T) {
	command := exec.Command("sh", "-c", server)
	in, errIn := command.StdinPipe()
	out, errOut := command.StdoutPipe()
	if err := errors.Join(errIn, errOut, command.Start()); err != nil {
		t.Fatal(err)
	}
	client, err := sftp.NewClientPipe(out, in)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := client.Stat("/"); err != nil || !info.IsDir() {
		t.Errorf("got %v, %v", info, err)
	}
	if err := errors.Join(in.Close(), command.Wait()); err != nil {
		t.Error(err)
	}
}

func TestHostWithoutSudo(t *testing.T) {
	server := sshd.Start(t, sshd.Options{Config: []string{"SetEnv PATH=/nonexistent HOME=/nonexistent"}})
	dialer := NewDialer(Options{SSH: func(cluster.Node) cluster.SSH { return server.SSH() }, KnownHosts: server.KnownHosts, Home: t.TempDir()})
	client, err := dialer.Dial(t.Context(), server.Node("kmaster1"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	// Whoever runs the test may be root, who would not go through it.
	client.sudo = true
	_, errLook := client.Look(t.Context(), Query{Paths: []string{"/etc"}})
	_, errRead := client.ReadFile(t.Context(), "/etc/passwd")
	for what, err := range map[string]error{"look": errLook, "read": errRead, "do": client.Do(t.Context(), Remove("/nonexistent/file"))} {
		failed, ok := errors.AsType[*HostError](err)
		if !ok || failed.Host != "kmaster1" || !strings.Contains(failed.Message, "sudo") || !strings.Contains(failed.Hint, "log in as root") {
			t.Errorf("%s: got %#v, want a word on sudo and what to do", what, err)
		}
	}
}

func TestSudoThatWantsAPasswordIsExplained(t *testing.T) {
	said := errors.New("exit 1: sudo: a password is required")
	for _, err := range []error{
		(&Client{node: "kworker1"}).failed("failed to look at the host", "is it a Linux host?", said),
		(&Client{node: "kworker1"}).failed("failed to start SFTP", "look at sshd_config", errors.Join(io.ErrUnexpectedEOF, said)),
	} {
		failed, ok := errors.AsType[*HostError](err)
		if !ok || !strings.Contains(failed.Error(), "kworker1: failed to") || !strings.Contains(failed.Hint, "NOPASSWD") {
			t.Errorf("got %#v", err)
		}
	}
}
