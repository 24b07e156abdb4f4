package lab

import (
	"os"
	"slices"
	"strings"
	"testing"

	"hardway/artifact"
)

// TestCommandLineIsWhatTheUnitSays holds /proc/PID/cmdline against ExecStart: the same words, but for paths, which are in
// the host's folder.
func TestCommandLineIsWhatTheUnitSays(t *testing.T) {
	for name, c := range map[string]struct {
		service string
		want    []string
	}{
		"one flag on a line": {
			"ExecStart=/usr/local/bin/probe \\\n  --cert-file=/etc/etcd/pki/server.crt \\\n  --name=h1 \\\n  wait",
			[]string{"ROOT/usr/local/bin/probe", "--cert-file=ROOT/etc/etcd/pki/server.crt", "--name=h1", "wait"},
		},
		"URLs and lists of URLs stay": {
			"ExecStart=/usr/local/bin/probe --initial-cluster=h1=https://127.0.0.1:2380,h2=https://127.0.0.2:2380 https://a/b wait",
			[]string{"ROOT/usr/local/bin/probe", "--initial-cluster=h1=https://127.0.0.1:2380,h2=https://127.0.0.2:2380", "https://a/b", "wait"},
		},
		"lists": {
			"ExecStart=/usr/local/bin/probe --files=/a/b,/c --socket=unix:///run/x.s --sni=/a.crt,/a.key:host dir=/x wait",
			[]string{"ROOT/usr/local/bin/probe", "--files=ROOT/a/b,ROOT/c", "--socket=unix://ROOT/run/x.s", "--sni=ROOT/a.crt,ROOT/a.key:host", "dir=ROOT/x", "wait"},
		},
		"ranges and devices are no paths of the host": {
			"ExecStart=/usr/local/bin/probe --range=10.32.0.0/24 --log=/dev/null --authorization-always-allow-paths=/healthz,/readyz wait",
			[]string{"ROOT/usr/local/bin/probe", "--range=10.32.0.0/24", "--log=/dev/null", "--authorization-always-allow-paths=/healthz,/readyz", "wait"},
		},
		"nothing climbs out": {
			"ExecStart=/usr/local/bin/probe /../../../etc/hostname --f=/a/../../../../etc/shadow wait",
			[]string{"ROOT/usr/local/bin/probe", "ROOT/etc/hostname", "--f=ROOT/etc/shadow", "wait"},
		},
		"quotes, escapes, specifiers, variables": {
			"Environment=ONE=1 \"TWO=a b\" DIR=/srv\nExecStart=/usr/local/bin/probe \"two words\" 'it\\'s' %N ${ONE}x $TWO \"$TWO\" ${DIR}/f $$ONE wait",
			[]string{"ROOT/usr/local/bin/probe", "two words", "it's", "test", "1x", "a", "b", "a", "b", "ROOT/srv/f", "$ONE", "wait"},
		},
		"another name for the process": {
			"ExecStart=@/usr/local/bin/probe /x/probe wait", []string{"ROOT/x/probe", "wait"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := withProbe(t)
			serviceUnit(t, l, "test.service", c.service)
			must(t, dial(t, l, "h1"), "systemctl start test.service")
			got := proc(t, pidOf(t, l, "test.service"), "cmdline")
			for i := range got {
				got[i] = strings.ReplaceAll(got[i], l.Root("h1"), "ROOT")
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("the process runs as\n%q, want\n%q", got, c.want)
			}
		})
	}
}

// TestRenderedServiceStartsAsWritten takes a unit from the code that renders hardway's own.
func TestRenderedServiceStartsAsWritten(t *testing.T) {
	l := withProbe(t)
	service := artifact.Service{
		Name: "test.service", Description: "a test", Binary: "/usr/local/bin/probe", Version: "v1",
		Flags: []artifact.Flag{{Name: "cert-file", Value: "/etc/pki/server.crt"}, {Name: "url", Value: "https://127.0.0.1:1"}, {Name: "x", Value: ""}},
	}
	file, err := service.File("test", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := artifact.ReadAll(file.Content)
	if err != nil {
		t.Fatal(err)
	}
	deliver(t, l, "h1", file.Path, strings.Replace(string(text), "--x=", "wait", 1))
	must(t, dial(t, l, "h1"), "systemctl daemon-reload", "systemctl start test.service")
	pid := pidOf(t, l, "test.service")
	want := []string{l.Root("h1") + "/usr/local/bin/probe", "--cert-file=" + l.Root("h1") + "/etc/pki/server.crt", "--url=https://127.0.0.1:1", "wait"}
	if got := proc(t, pid, "cmdline"); !slices.Equal(got, want) {
		t.Errorf("the process runs as\n%q, want\n%q", got, want)
	}
	inputs, err := artifact.InputsOf(file)
	if err != nil {
		t.Fatal(err)
	}
	if seen, _ := l.Unit("h1", "test.service"); inputs == "" || seen.Inputs != inputs {
		t.Errorf("it runs on inputs %q, the unit says %q", seen.Inputs, inputs)
	}
}

func TestEnvironmentIsTheUnitsAndNothingElse(t *testing.T) {
	t.Setenv("OPERATORS_SECRET", "stays with the operator")
	l := withProbe(t)
	deliver(t, l, "h1", "/etc/default/test", "# a comment\nTWO=from file\nQUOTED=\"a b\"\n")
	deliver(t, l, "h1", "/etc/sysusers.d/x.conf", "u svc - - /var/lib/svc -\n")
	must(t, dial(t, l, "h1"), "systemd-sysusers /etc/sysusers.d/x.conf")
	serviceUnit(t, l, "test.service", `Environment=ONE=1 TWO=2
Environment="CONFIG=/etc/x.yaml"
EnvironmentFile=/etc/default/test
EnvironmentFile=-/run/missing.env
StateDirectory=svc
User=svc
ExecStart=/usr/local/bin/probe wait`)
	must(t, dial(t, l, "h1"), "systemctl start test.service")
	env := proc(t, pidOf(t, l, "test.service"), "environ")
	root := l.Root("h1")
	for _, want := range []string{"ONE=1", "TWO=from file", "QUOTED=a b", "CONFIG=" + root + "/etc/x.yaml", "USER=svc",
		"HOME=" + root + "/var/lib/svc", "STATE_DIRECTORY=" + root + "/var/lib/svc"} {
		if !slices.Contains(env, want) {
			t.Errorf("the environment lacks %s: %q", want, env)
		}
	}
	for _, v := range env {
		if strings.HasPrefix(v, "OPERATORS_SECRET=") {
			t.Errorf("the environment of the lab leaks into a unit: %s", v)
		}
	}
}

func TestMissingEnvironmentFileFailsTheStart(t *testing.T) {
	l := withProbe(t)
	serviceUnit(t, l, "test.service", "EnvironmentFile=/run/missing.env\nExecStart=/usr/local/bin/probe wait")
	got := run(t, dial(t, l, "h1"), "systemctl start test.service")
	if got.code != 1 || !strings.Contains(got.errors, "/run/missing.env") {
		t.Errorf("exit %d, %q: want a failure that names the file", got.code, got.errors)
	}
}

func TestLastWordInEveryFileOfAUnitCounts(t *testing.T) {
	l := withProbe(t)
	deliver(t, l, "h1", "/usr/lib/systemd/system/test.service", "[Service]\nExecStart=/usr/local/bin/probe say=distribution wait\n")
	deliver(t, l, "h1", "/etc/systemd/system/test.service.d/20-b.conf", "[Service]\nEnvironment=WHO=b\n")
	deliver(t, l, "h1", "/etc/systemd/system/test.service.d/10-a.conf", "[Service]\nEnvironment=WHO=a\nExecStart=\nExecStart=/usr/local/bin/probe say=replaced wait\n")
	must(t, dial(t, l, "h1"), "systemctl daemon-reload", "systemctl start test.service")
	pid := pidOf(t, l, "test.service")
	if got := proc(t, pid, "cmdline"); got[1] != "say=replaced" {
		t.Errorf("runs as %q: the drop-in does not replace the command", got)
	}
	if got := variableOf(pid, "WHO"); got != "b" {
		t.Errorf("WHO=%s: the later drop-in does not win", got)
	}
}

func TestProcessesWriteToTheUnitsLog(t *testing.T) {
	l := withProbe(t)
	serviceUnit(t, l, "test.service", "Type=oneshot\nExecStart=/usr/local/bin/probe say=hello\nExecStart=/usr/local/bin/probe say=again")
	must(t, dial(t, l, "h1"), "systemctl start test.service")
	if got := logOf(t, l, "h1", "test.service"); got != "hello\nagain\n" {
		t.Errorf("the log holds %q", got)
	}
}

func TestNothingOutlivesTheLab(t *testing.T) {
	o := probeOptions(t)
	l := startedWith(t, o)
	serviceUnit(t, l, "test.service", "ExecStart=/usr/local/bin/probe stubborn wait")
	must(t, dial(t, l, "h1"), "systemctl start test.service")
	pid := pidOf(t, l, "test.service")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the process ends with the lab", func() bool { return !alive(pid) })
	if _, err := os.Stat(l.Root("h1") + "/etc/systemd/system/test.service"); err != nil {
		t.Errorf("the host's disk is gone with the lab: %v", err)
	}
}
