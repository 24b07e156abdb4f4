package lab

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// probe is the program that test units run: the test binary under another name. Its arguments are done in order.
func probe(args []string) int {
	for _, arg := range args {
		verb, value, _ := strings.Cut(arg, "=")
		switch verb {
		case "ready":
			if sent, err := daemon.SdNotify(false, daemon.SdNotifyReady); err != nil || !sent {
				return 90
			}
		case "say":
			fmt.Println(value)
		case "touch":
			if err := os.WriteFile(value, nil, 0o600); err != nil {
				return 91
			}
		case "exit":
			code, _ := strconv.Atoi(value)
			return code
		case "sleep":
			d, _ := time.ParseDuration(value)
			time.Sleep(d)
		case "stubborn":
			signal.Ignore(syscall.SIGTERM)
		case "hup":
			c := make(chan os.Signal, 1)
			signal.Notify(c, syscall.SIGHUP)
			go func() {
				<-c
				fmt.Println("got a hangup")
			}()
		case "wait":
			c := make(chan os.Signal, 1)
			// Without this, a process that waits for no signal looks to Go's runtime like one that waits for nothing.
			go time.Sleep(time.Hour)
			if !signal.Ignored(syscall.SIGTERM) {
				signal.Notify(c, syscall.SIGTERM)
			}
			<-c
			fmt.Println("told to end")
			return 0
		}
	}
	return 0
}

// withProbe is one host, h1, that has the program probe.
func withProbe(t *testing.T) *Lab {
	t.Helper()
	return startedWith(t, probeOptions(t))
}

func probeOptions(t *testing.T) Options {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	bin := t.TempDir()
	if err := os.Symlink(self, filepath.Join(bin, "probe")); err != nil {
		t.Fatal(err)
	}
	return Options{Dir: t.TempDir(), Hosts: hosts(t, 1), BinDir: bin}
}

// serviceUnit delivers a unit with this [Service] section and has systemd read it.
func serviceUnit(t *testing.T, l *Lab, name, service string) {
	t.Helper()
	deliver(t, l, "h1", "/etc/systemd/system/"+name, "[Unit]\nDescription=a test\n[Service]\n"+service+"\n[Install]\nWantedBy=multi-user.target\n")
	must(t, dial(t, l, "h1"), "systemctl daemon-reload")
}

// state is ActiveState and SubState of a unit.
func state(t *testing.T, l *Lab, name string) string {
	t.Helper()
	s, err := l.Unit("h1", name)
	if err != nil {
		t.Fatal(err)
	}
	return s.Active + " " + s.Sub
}

func pidOf(t *testing.T, l *Lab, name string) int {
	t.Helper()
	s, err := l.Unit("h1", name)
	if err != nil {
		t.Fatal(err)
	}
	if s.MainPID == 0 {
		t.Fatalf("%s has no main process", name)
	}
	return s.MainPID
}

// proc is a file of a process, split where it holds zero bytes.
func proc(t *testing.T, pid int, name string) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(data), "\x00"), "\x00")
}

func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }
