package remote

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// commands is one of each kind, with the names that a shell would make something else of.
var commands = []Command{
	Systemctl("daemon-reload"),
	Systemctl("enable", "etcd.service"),
	Systemctl("disable", "etcd.service", "haproxy.service"),
	Systemctl("start", "etcd.service"),
	Systemctl("start", "--no-block", "etcd.service"),
	Systemctl("restart", "--no-block", "kubelet.service"),
	Systemctl("stop", `dev-disk-by\x2dlabel.mount`),
	Systemctl("reset-failed", "getty@tty1.service"),
	Sysusers("/etc/sysusers.d/hardway.conf"),
	Remove("/etc/kubernetes/it's.conf", "/etc/a b", `/etc/$(reboot) "x" *`, "/etc/naïve", "/etc/\xff", "/etc/line\nbreak"),
	LookCommand(Query{}),
	LookCommand(Query{
		Paths: []string{"/etc/etcd/pki/server.key", "/etc/with space", "/etc/it's", `/etc/back\slash`, "/etc/`x`;&|<>"},
		Units: []string{"etcd.service"}, Owners: []string{"root:etcd", "root:root"},
	}),
}

func TestLineIsReadBackAsTheSameCommand(t *testing.T) {
	for _, c := range commands {
		got, ok := ParseLine(c.Line())
		if !ok || got.Name != c.Name || !slices.Equal(got.Args, c.Args) {
			t.Errorf("%q was read as %q, %v", c.Line(), got, ok)
		}
	}
}

func TestQueryIsReadBack(t *testing.T) {
	want := Query{Paths: []string{"/a", "/b c"}, Units: []string{"x.service"}, Owners: []string{"root:root", "a:b"}}
	c, ok := ParseLine(LookCommand(want).Line())
	if !ok {
		t.Fatal("the look command is not recognised")
	}
	got, ok := c.Query()
	if !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// Whatever hardway does not say itself is refused, also where a shell would read it as the same.
func TestOtherLinesAreRefused(t *testing.T) {
	look := LookCommand(Query{Paths: []string{"/a"}}).Line()
	for _, line := range []string{
		"", " ", "reboot", "systemctl", "systemctl poweroff", "systemctl start", "systemctl start --root=/mnt x.service",
		"systemctl stop --no-block x.service", "systemctl start x.service --no-block", "systemctl daemon-reload x.service",
		"systemctl  start x.service", "systemctl start x.service ", "systemctl start 'x.service'", "'systemctl' start x.service",
		"systemctl start x.service; reboot", "systemctl start x.service && reboot", "systemctl start $(reboot)", "systemctl start x.service\nreboot",
		"systemctl start ''", "rm -rf -- /etc", "rm -f --", "rm -f -- relative", "rm -f -- '/etc", "systemd-sysusers", "systemd-sysusers --root=/mnt",
		"systemd-sysusers /a /b", "sh -c reboot", strings.Replace(look, "exit 0", "reboot", 1), strings.Replace(look, "hardway-look 1", "hardway-look 2", 1),
		strings.Replace(look, "hardway-look 1", "hardway-look -1", 1), strings.Replace(look, "hardway-look 1", "hardway-look 01", 1),
		strings.Replace(look, "hardway-look 1", "hardway-look +1", 1),
		"sudo -n systemctl daemon-reload",
	} {
		if _, ok := ParseLine(line); ok {
			t.Errorf("%.80q… was taken", line)
		}
	}
}

func FuzzParseLine(f *testing.F) {
	for _, c := range commands {
		f.Add(c.Line())
	}
	f.Add("systemctl start 'it'\\''s'")
	f.Fuzz(func(t *testing.T, line string) {
		c, ok := ParseLine(line)
		if !ok {
			return
		}
		if c.Line() != line {
			t.Errorf("%q was taken, but is sent as %q", line, c.Line())
		}
		if q, isLook := c.Query(); isLook && LookCommand(q).Line() != line {
			t.Errorf("the query of %q makes another line", line)
		}
	})
}
