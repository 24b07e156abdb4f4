package lab

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hardway/remote"
)

// digestOf is every path below a folder with its mode, size and time of change.
func digestOf(t *testing.T, dir string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Lstat(path)
		if err == nil {
			fmt.Fprintln(&b, path, info.Mode(), info.Size(), info.ModTime())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestUnknownCommandsExit127AndTouchNothing(t *testing.T) {
	l := started(t, 1)
	client := dial(t, l, "h1")
	marker := filepath.Join(t.TempDir(), "marker")
	deliver(t, l, "h1", "/etc/kept", "kept")
	before := digestOf(t, l.options.Dir)
	for _, line := range []string{
		"touch " + marker,
		"sh -c 'touch " + marker + "'",
		"bash",
		"",
		"rm -rf /etc/kept",
		"rm /etc/kept",
		"rm -f /etc/kept",
		"rm -f -- /etc/kept; touch " + marker,
		"rm -f -- /etc/kept && touch " + marker,
		"rm -f -- $(touch " + marker + ")",
		"rm -f -- `touch " + marker + "`",
		"systemctl poweroff",
		"systemctl daemon-reload; touch " + marker,
		"systemctl start x > " + marker,
		"systemd-sysusers",
		"/bin/rm -f -- /etc/kept",
		"sudo -n systemctl daemon-reload",
		"cat /etc/shadow",
	} {
		got := run(t, client, line)
		if got.code != 127 || got.errors == "" || got.out != "" {
			t.Errorf("%q: exit %d, says %q on standard error and %q on standard output; want 127 and a message", line, got.code, got.errors, got.out)
		}
	}
	if _, err := os.Lstat(marker); !os.IsNotExist(err) {
		t.Errorf("a command was run on this machine: %v", err)
	}
	if after := digestOf(t, l.options.Dir); after != before {
		t.Errorf("the hosts' folders changed from\n%s to\n%s", before, after)
	}
}

func TestNoShellNoTerminalNoOtherSubsystem(t *testing.T) {
	client := dial(t, started(t, 1), "h1")
	for name, ask := range map[string]func() error{
		"shell": func() error {
			s, err := client.NewSession()
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			return s.Shell()
		},
		"subsystem": func() error {
			s, err := client.NewSession()
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			return s.RequestSubsystem("netconf")
		},
	} {
		if err := ask(); err == nil {
			t.Errorf("%s is offered", name)
		}
	}
}

func TestRemoveIsRmForce(t *testing.T) {
	l := started(t, 1)
	client := dial(t, l, "h1")
	deliver(t, l, "h1", "/etc/gone", "x")
	must(t, client, remote.Remove("/etc/gone", "/etc/never was").Line())
	if _, err := os.Lstat(l.Root("h1") + "/etc/gone"); !os.IsNotExist(err) {
		t.Errorf("it is still there: %v", err)
	}
	if got := run(t, client, remote.Remove("/etc").Line()); got.code != 1 || !strings.Contains(got.errors, "/etc") {
		t.Errorf("rm -f of a directory: exit %d, %q", got.code, got.errors)
	}
}

func TestSysusersDeclares(t *testing.T) {
	l := started(t, 1)
	client := dial(t, l, "h1")
	deliver(t, l, "h1", "/etc/sysusers.d/x.conf", "# comment\nu etcd - \"etcd key-value store\" /var/lib/etcd /usr/sbin/nologin\ng extra 1234\nu other 4000\n")
	must(t, client, "systemd-sysusers /etc/sysusers.d/x.conf", "systemd-sysusers /etc/sysusers.d/x.conf")
	data, err := os.ReadFile(l.Root("h1") + "/etc/passwd")
	if err != nil {
		t.Fatal(err)
	}
	want := "root:x:0:0:root:/root:/bin/bash\netcd:x:999:999:etcd key-value store:/var/lib/etcd:/usr/sbin/nologin\nother:x:4000:4000::/:/usr/sbin/nologin\n"
	if string(data) != want {
		t.Errorf("passwd holds\n%s want\n%s", data, want)
	}
	deliver(t, l, "h1", "/etc/sysusers.d/bad.conf", "r - 500-900\n")
	if got := run(t, client, "systemd-sysusers /etc/sysusers.d/bad.conf"); got.code != 1 || !strings.Contains(got.errors, "bad.conf:1") {
		t.Errorf("a line it cannot do: exit %d, %q", got.code, got.errors)
	}
}

func TestForwardingReachesLoopbackOnly(t *testing.T) {
	l := started(t, 1)
	client := dial(t, l, "h1")
	conn, err := client.Dial("tcp", address(t, l, "h1")+":2222")
	if err != nil {
		t.Fatalf("forwarding to a loopback address: %v", err)
	}
	greeting := make([]byte, 4)
	if _, err := conn.Read(greeting); err != nil || string(greeting) != "SSH-" {
		t.Errorf("through it comes %q, %v", greeting, err)
	}
	_ = conn.Close()
	for _, address := range []string{"192.0.2.1:80", "example.com:80", "0.0.0.0:2222"} {
		if conn, err := client.Dial("tcp", address); err == nil || !strings.Contains(err.Error(), "prohibited") {
			t.Errorf("forwarding to %s: %v, %v; want it prohibited", address, conn, err)
		}
	}
}
