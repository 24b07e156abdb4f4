package lab

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// argumentsOf is the words that the unit's main process was started with.
func argumentsOf(t *testing.T, l *Lab, unit string) []string {
	t.Helper()
	return proc(t, pidOf(t, l, unit), "cmdline")
}

func read(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestFilesThatNameOthersAreHandedOverWithTheirPathsMapped(t *testing.T) {
	l := withProbe(t)
	deliver(t, l, "h1", "/etc/k/pki/ca.crt", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
	deliver(t, l, "h1", "/etc/k/admin.kubeconfig", "server: https://127.0.0.1:6443/etc/k\ncertificate-authority: /etc/k/pki/ca.crt\n")
	deliver(t, l, "h1", "/etc/k/scheduler.yaml", "clientConnection:\n  kubeconfig: /etc/k/admin.kubeconfig\n  socket: unix:///run/x.s\npaths: [/readyz, /livez/etcd]\nself: /etc/k/scheduler.yaml\n")
	deliver(t, l, "h1", "/var/log/audit.log", "uri: /etc/k/pki\n")
	serviceUnit(t, l, "test.service", "ExecStart=/usr/local/bin/probe --config=/etc/k/scheduler.yaml --ca=/etc/k/pki/ca.crt --log=/var/log/audit.log wait")
	must(t, dial(t, l, "h1"), "systemctl start test.service")

	words, root := argumentsOf(t, l, "test.service"), l.Root("h1")
	copies := filepath.Join(filepath.Dir(root), "handover", "test.service")
	for i, want := range []string{"--config=" + copies + "/etc/k/scheduler.yaml", "--ca=" + root + "/etc/k/pki/ca.crt", "--log=" + root + "/var/log/audit.log"} {
		if words[i+1] != want {
			t.Errorf("argument %q, want %q", words[i+1], want)
		}
	}
	want := "clientConnection:\n  kubeconfig: " + copies + "/etc/k/admin.kubeconfig\n  socket: unix://" + root +
		"/run/x.s\npaths: [/readyz, /livez/etcd]\nself: " + root + "/etc/k/scheduler.yaml\n"
	if got := read(t, copies+"/etc/k/scheduler.yaml"); got != want {
		t.Errorf("handed over:\n%s\nwant:\n%s", got, want)
	}
	if got, want := read(t, copies+"/etc/k/admin.kubeconfig"), "server: https://127.0.0.1:6443/etc/k\ncertificate-authority: "+root+"/etc/k/pki/ca.crt\n"; got != want {
		t.Errorf("handed over:\n%s\nwant:\n%s", got, want)
	}
	err := filepath.WalkDir(copies, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("others may read %s: %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestReloadHandsOverWhatStandsThereNow(t *testing.T) {
	l := withProbe(t)
	deliver(t, l, "h1", "/etc/k/a.conf", "ca: /etc/k/one.crt\n")
	serviceUnit(t, l, "test.service", "ExecStart=/usr/local/bin/probe --config=/etc/k/a.conf hup wait\nExecReload=/bin/kill -HUP $MAINPID")
	client := dial(t, l, "h1")
	must(t, client, "systemctl start test.service")
	handed := strings.TrimPrefix(argumentsOf(t, l, "test.service")[1], "--config=")
	deliver(t, l, "h1", "/etc/k/a.conf", "ca: /etc/k/two.crt\n")
	if got := read(t, handed); !strings.Contains(got, "one.crt") {
		t.Errorf("handed over before the reload: %q", got)
	}
	must(t, client, "systemctl reload test.service")
	if got := read(t, handed); !strings.Contains(got, "two.crt") {
		t.Errorf("handed over after the reload: %q", got)
	}
}

// balancerConfig is as it is delivered: with what only root may do, and a socket in the host's /run.
const balancerConfig = `global
    chroot /var/lib/haproxy
    user haproxy
    group haproxy
    stats socket /run/haproxy/admin.sock mode 600 level admin expose-fd listeners
defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
userlist people
    user admin insecure-password x
frontend %s
    bind %s
    http-request return status 200
`

// withBalancer is one host whose folder lies so deep that no socket could be bound by its path.
func withBalancer(t *testing.T) *Lab {
	t.Helper()
	deep := filepath.Join(t.TempDir(), strings.Repeat("d", 100))
	one := hosts(t, 1)
	one[0].Packages = []string{"haproxy"}
	return startedWith(t, Options{Dir: deep, Hosts: one})
}

func TestRealHAProxyStartsReloadsAndAnswersOnItsSocket(t *testing.T) {
	l := withBalancer(t)
	client := dial(t, l, "h1")
	bind := net.JoinHostPort(address(t, l, "h1"), "6443")
	deliver(t, l, "h1", "/etc/haproxy/haproxy.cfg", fmt.Sprintf(balancerConfig, "before", bind))
	must(t, client, "systemctl start haproxy.service")
	ask := func() string {
		t.Helper()
		socket, err := client.Dial("unix", "/run/haproxy/admin.sock")
		if err != nil {
			t.Fatalf("%v; its log: %s", err, logOf(t, l, "h1", "haproxy.service"))
		}
		defer socket.Close()
		fmt.Fprintln(socket, "show stat")
		answer, err := io.ReadAll(bufio.NewReader(socket))
		if err != nil {
			t.Fatal(err)
		}
		return string(answer)
	}
	if got := ask(); !strings.Contains(got, "before,FRONTEND") {
		t.Errorf("HAProxy says %q", got)
	}
	pid := pidOf(t, l, "haproxy.service")
	deliver(t, l, "h1", "/etc/haproxy/haproxy.cfg", fmt.Sprintf(balancerConfig, "after", bind))
	must(t, client, "systemctl reload haproxy.service")
	eventually(t, "the new configuration counts", func() bool { return strings.Contains(ask(), "after,FRONTEND") })
	if again := pidOf(t, l, "haproxy.service"); again != pid {
		t.Errorf("the reload restarted it: process %d, then %d", pid, again)
	}
	deliver(t, l, "h1", "/etc/haproxy/haproxy.cfg", "nonsense\n")
	if got := run(t, client, "systemctl reload haproxy.service"); got.code == 0 {
		t.Errorf("a configuration that is wrong was reloaded")
	}
	began := time.Now()
	must(t, client, "systemctl stop haproxy.service")
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("stopping took %v", took)
	}
	if got := state(t, l, "haproxy.service"); got != "inactive dead" {
		t.Errorf("stopped, it is %s", got)
	}
	// Its workers are killed with it, and gone a moment later.
	eventually(t, "nobody listens", func() bool {
		conn, err := net.DialTimeout("tcp", bind, time.Second)
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
}
