package lab

import (
	"os"
	"strings"
	"testing"
	"time"
)

func TestNotifyStartWaitsUntilReady(t *testing.T) {
	l := withProbe(t)
	serviceUnit(t, l, "test.service", "Type=notify\nExecStart=/usr/local/bin/probe sleep=200ms touch=/run/serving ready wait")
	client := dial(t, l, "h1")
	must(t, client, "systemctl start --no-block test.service")
	if got := state(t, l, "test.service"); !strings.HasPrefix(got, "activating") {
		t.Errorf("right after a start that does not wait the unit is %s, want activating", got)
	}
	must(t, client, "systemctl start test.service")
	if _, err := os.Stat(l.Root("h1") + "/run/serving"); err != nil {
		t.Errorf("start returned before the process said that it is ready: %v", err)
	}
	if got := state(t, l, "test.service"); got != "active running" {
		t.Errorf("the unit is %s, want active running", got)
	}
}

func TestStartsThatFail(t *testing.T) {
	for name, c := range map[string]struct{ service, says, state string }{
		"never ready":            {"Type=notify\nTimeoutStartSec=300ms\nExecStart=/usr/local/bin/probe wait", "timed out", "failed failed"},
		"ends before ready":      {"Type=notify\nExecStart=/usr/local/bin/probe exit=0", "without saying that it is ready", "failed failed"},
		"exits":                  {"Type=notify\nExecStart=/usr/local/bin/probe exit=3", "status 3", "failed failed"},
		"no binary":              {"ExecStart=/usr/local/bin/kube-apiserver", "no binary", "failed failed"},
		"unknown user":           {"User=etcd\nExecStart=/usr/local/bin/probe wait", "no such user", "failed failed"},
		"unknown group":          {"Group=etcd\nExecStart=/usr/local/bin/probe wait", "no such group", "failed failed"},
		"pre fails":              {"ExecStartPre=/usr/local/bin/probe exit=1\nExecStart=/usr/local/bin/probe wait", "control process failed", "failed failed"},
		"post fails":             {"ExecStart=/usr/local/bin/probe wait\nExecStartPost=/bin/rm /missing", "control process failed", "failed failed"},
		"another type":           {"Type=forking\nExecStart=/usr/local/bin/probe wait", "forking", "failed failed"},
		"another root":           {"RootDirectory=/srv\nExecStart=/usr/local/bin/probe wait", "RootDirectory", "failed failed"},
		"relative program":       {"ExecStart=probe wait", "absolute path", "inactive dead"},
		"no command":             {"Type=simple", "lacks", "inactive dead"},
		"an open quote":          {"ExecStart=/usr/local/bin/probe 'wait", "quote", "inactive dead"},
		"a bad time":             {"TimeoutStopSec=soon\nExecStart=/usr/local/bin/probe wait", "time span", "inactive dead"},
		"program of the machine": {"ExecStart=/bin/sh -c true", "no binary", "failed failed"},
	} {
		t.Run(name, func(t *testing.T) {
			l := withProbe(t)
			serviceUnit(t, l, "test.service", c.service)
			got := run(t, dial(t, l, "h1"), "systemctl start test.service")
			if got.code != 1 || !strings.Contains(got.errors, c.says) {
				t.Errorf("exit %d, %q: want 1 and %q", got.code, got.errors, c.says)
			}
			if got := state(t, l, "test.service"); got != c.state {
				t.Errorf("the unit is %s, want %s", got, c.state)
			}
		})
	}
}

func TestRestartFollowsTheUnit(t *testing.T) {
	for name, c := range map[string]struct {
		restart string
		end     func(t *testing.T, l *Lab)
		again   bool
	}{
		"killed, on-failure":  {"on-failure", killed, true},
		"killed, always":      {"always", killed, true},
		"killed, no":          {"no", killed, false},
		"killed, on-success":  {"on-success", killed, false},
		"stopped, always":     {"always", stopped, false},
		"stopped, on-failure": {"on-failure", stopped, false},
	} {
		t.Run(name, func(t *testing.T) {
			l := withProbe(t)
			serviceUnit(t, l, "test.service", "Restart="+c.restart+"\nRestartSec=50ms\nExecStart=/usr/local/bin/probe wait")
			must(t, dial(t, l, "h1"), "systemctl start test.service")
			before := pidOf(t, l, "test.service")
			c.end(t, l)
			if c.again {
				eventually(t, "another process runs", func() bool {
					s, _ := l.Unit("h1", "test.service")
					return s.Active == "active" && s.MainPID != 0 && s.MainPID != before
				})
				return
			}
			eventually(t, "the unit is down", func() bool {
				got := state(t, l, "test.service")
				return got == "inactive dead" || got == "failed failed"
			})
			time.Sleep(200 * time.Millisecond)
			if s, _ := l.Unit("h1", "test.service"); s.MainPID != 0 {
				t.Errorf("it was started again")
			}
		})
	}
}

func killed(t *testing.T, l *Lab) {
	t.Helper()
	if err := l.KillUnit("h1", "test.service"); err != nil {
		t.Fatal(err)
	}
}

func stopped(t *testing.T, l *Lab) {
	t.Helper()
	must(t, dial(t, l, "h1"), "systemctl stop test.service")
}

func TestUnitThatKeepsFailingIsLeftFailed(t *testing.T) {
	l := withProbe(t)
	serviceUnit(t, l, "test.service", "Restart=always\nRestartSec=10ms\nExecStart=/usr/local/bin/probe say=try exit=1")
	must(t, dial(t, l, "h1"), "systemctl start test.service")
	eventually(t, "it is given up", func() bool { return state(t, l, "test.service") == "failed failed" })
	log := logOf(t, l, "h1", "test.service")
	if got := strings.Count(log, "try\n"); got != 5 {
		t.Errorf("it was started %d times, want the 5 that systemd allows in 10 s", got)
	}
	if !strings.Contains(log, "repeated too quickly") {
		t.Errorf("the log does not say why it was given up: %s", log)
	}
	must(t, dial(t, l, "h1"), "systemctl reset-failed test.service")
	if got := state(t, l, "test.service"); got != "inactive dead" {
		t.Errorf("after reset-failed it is %s", got)
	}
}

func TestStopAsksThenKills(t *testing.T) {
	l := withProbe(t)
	serviceUnit(t, l, "test.service", "TimeoutStopSec=200ms\nExecStart=/usr/local/bin/probe stubborn say=up wait")
	serviceUnit(t, l, "polite.service", "ExecStart=/usr/local/bin/probe say=up wait\nExecStopPost=/usr/local/bin/probe say=after")
	client := dial(t, l, "h1")
	must(t, client, "systemctl start test.service polite.service")
	eventually(t, "both are up", func() bool {
		return strings.Contains(logOf(t, l, "h1", "test.service"), "up") && strings.Contains(logOf(t, l, "h1", "polite.service"), "up")
	})
	pid := pidOf(t, l, "test.service")
	must(t, client, "systemctl stop test.service polite.service")
	if alive(pid) {
		t.Errorf("a process that ignores SIGTERM outlives the stop")
	}
	if got := state(t, l, "test.service"); got != "failed failed" {
		t.Errorf("a unit that had to be killed is %s, want failed", got)
	}
	if got := logOf(t, l, "h1", "polite.service"); got != "up\ntold to end\nafter\n" {
		t.Errorf("the log of a unit that ends when asked holds %q", got)
	}
}

func TestPausedUnitCanBeStopped(t *testing.T) {
	l := withProbe(t)
	serviceUnit(t, l, "test.service", "ExecStart=/usr/local/bin/probe say=up wait")
	client := dial(t, l, "h1")
	must(t, client, "systemctl start test.service")
	eventually(t, "it is up", func() bool { return strings.Contains(logOf(t, l, "h1", "test.service"), "up") })
	if err := l.PauseUnit("h1", "test.service"); err != nil {
		t.Fatal(err)
	}
	pid := pidOf(t, l, "test.service")
	eventually(t, "the kernel calls it stopped", func() bool { return strings.Contains(strings.Join(proc(t, pid, "stat"), ""), ") T ") })
	must(t, client, "systemctl stop test.service")
	if got := state(t, l, "test.service"); got != "inactive dead" {
		t.Errorf("it is %s, want inactive", got)
	}
}

func TestReloadSignalsTheMainProcess(t *testing.T) {
	l := withProbe(t)
	serviceUnit(t, l, "test.service", "Type=notify\nExecStart=/usr/local/bin/probe hup ready wait\nExecReload=/bin/kill -HUP $MAINPID")
	serviceUnit(t, l, "without.service", "ExecStart=/usr/local/bin/probe wait")
	client := dial(t, l, "h1")
	must(t, client, "systemctl start test.service without.service")
	before := pidOf(t, l, "test.service")
	must(t, client, "systemctl reload test.service")
	eventually(t, "the process gets it", func() bool { return strings.Contains(logOf(t, l, "h1", "test.service"), "got a hangup") })
	if pidOf(t, l, "test.service") != before {
		t.Errorf("reload restarted the unit")
	}
	if got := run(t, client, "systemctl reload without.service"); got.code != 1 || !strings.Contains(got.errors, "not applicable") {
		t.Errorf("reload of a unit without ExecReload: exit %d, %q", got.code, got.errors)
	}
}

func TestDefinitionIsWhatWasReadLast(t *testing.T) {
	l := withProbe(t)
	serviceUnit(t, l, "test.service", "ExecStart=/usr/local/bin/probe --old wait")
	client := dial(t, l, "h1")
	time.Sleep(10 * time.Millisecond)
	deliver(t, l, "h1", "/etc/systemd/system/test.service", "[Service]\nExecStart=/usr/local/bin/probe --newer wait\n")
	if s, _ := l.Unit("h1", "test.service"); !s.NeedReload {
		t.Errorf("a unit whose file changed does not need a daemon-reload")
	}
	must(t, client, "systemctl start test.service")
	if got := proc(t, pidOf(t, l, "test.service"), "cmdline")[1]; got != "--old" {
		t.Errorf("runs with %s although daemon-reload was not asked for", got)
	}
	must(t, client, "systemctl daemon-reload", "systemctl restart test.service")
	if got := proc(t, pidOf(t, l, "test.service"), "cmdline")[1]; got != "--newer" {
		t.Errorf("runs with %s after daemon-reload and restart", got)
	}
	if s, _ := l.Unit("h1", "test.service"); s.NeedReload {
		t.Errorf("still needs a daemon-reload after it")
	}
}

func TestRebootStartsWhatIsEnabledOnAnEmptyRun(t *testing.T) {
	o := probeOptions(t)
	l := startedWith(t, o)
	serviceUnit(t, l, "on.service", "ExecStart=/usr/local/bin/probe wait")
	serviceUnit(t, l, "off.service", "ExecStart=/usr/local/bin/probe wait")
	must(t, dial(t, l, "h1"), "systemctl enable on.service off.service", "systemctl disable off.service", "systemctl start on.service")
	deliver(t, l, "h1", "/run/hardway/etcd-bootstrap.env", "ETCD_INITIAL_CLUSTER_STATE=new\n")
	before := pidOf(t, l, "on.service")
	if err := l.PowerOff("h1"); err != nil {
		t.Fatal(err)
	}
	if alive(before) {
		t.Errorf("a process outlives the power")
	}
	if got := l.Status()[0].State; got != "off" {
		t.Errorf("a host without power is shown as %s", got)
	}
	if err := l.PowerOn(t.Context(), "h1"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "what is enabled runs", func() bool { return state(t, l, "on.service") == "active running" })
	if got := state(t, l, "off.service"); got != "inactive dead" {
		t.Errorf("what is disabled is %s", got)
	}
	if _, err := os.Stat(l.Root("h1") + "/run/hardway/etcd-bootstrap.env"); !os.IsNotExist(err) {
		t.Errorf("a file below /run survived the reboot: %v", err)
	}
}

func TestUnknownUnits(t *testing.T) {
	l := withProbe(t)
	client := dial(t, l, "h1")
	if got := run(t, client, "systemctl start nothing.service"); got.code != 5 || !strings.Contains(got.errors, "not found") {
		t.Errorf("start of a unit that does not exist: exit %d, %q", got.code, got.errors)
	}
	if s, _ := l.Unit("h1", "nothing.service"); s.Load != "not-found" {
		t.Errorf("it is %s, want not-found", s.Load)
	}
	deliver(t, l, "h1", "/etc/systemd/system/nothing.service", "[Service]\nExecStart=/usr/local/bin/probe wait\n")
	if s, _ := l.Unit("h1", "nothing.service"); s.Load != "loaded" {
		t.Errorf("a unit that is delivered and was never read is %s, want loaded", s.Load)
	}
}

func TestStatusShowsWhatHasNoBinary(t *testing.T) {
	l := withProbe(t)
	serviceUnit(t, l, "kube-apiserver.service", "ExecStart=/usr/local/bin/kube-apiserver")
	serviceUnit(t, l, "test.service", "ExecStart=/usr/local/bin/probe wait")
	must(t, dial(t, l, "h1"), "systemctl start test.service")
	rows := l.Status()
	if len(rows) != 2 || rows[0].State != "no binary" || rows[1].State != "active" || rows[1].PID != pidOf(t, l, "test.service") {
		t.Errorf("status is %+v", rows)
	}
}

func TestRuntimeDirectoryComesAndGoesWithTheUnit(t *testing.T) {
	l := withProbe(t)
	serviceUnit(t, l, "test.service", "RuntimeDirectory=test\nRuntimeDirectoryMode=0750\nExecStart=/usr/local/bin/probe wait")
	client := dial(t, l, "h1")
	must(t, client, "systemctl start test.service")
	info, err := os.Stat(l.Root("h1") + "/run/test")
	if err != nil || info.Mode().Perm() != 0o750 {
		t.Fatalf("the directory: %v, %v", info, err)
	}
	must(t, client, "systemctl stop test.service")
	if _, err := os.Stat(l.Root("h1") + "/run/test"); !os.IsNotExist(err) {
		t.Errorf("the directory stays: %v", err)
	}
}
