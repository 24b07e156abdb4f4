package lab

import (
	"strings"
	"testing"
)

// The guard of a member: its log stands there, or it is armed for its first start.
func TestUnitStartsOnlyWhenItsAssertionsHold(t *testing.T) {
	const guard = "[Unit]\nAssertDirectoryNotEmpty=|/var/lib/x/wal\nAssertPathExists=|/run/x/armed\nAssertPathExists=!/etc/x/off\n"
	for name, c := range map[string]struct {
		files  []string
		starts bool
	}{
		"neither log nor armed":   {nil, false},
		"a log":                   {[]string{"/var/lib/x/wal/0.wal"}, true},
		"armed":                   {[]string{"/run/x/armed"}, true},
		"both":                    {[]string{"/run/x/armed", "/var/lib/x/wal/0.wal"}, true},
		"a log, but switched off": {[]string{"/var/lib/x/wal/0.wal", "/etc/x/off"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			l := withProbe(t)
			deliver(t, l, "h1", "/etc/systemd/system/test.service", guard+"[Service]\nExecStart=/usr/local/bin/probe say=up wait\n")
			for _, f := range c.files {
				deliver(t, l, "h1", f, "")
			}
			client := dial(t, l, "h1")
			must(t, client, "systemctl daemon-reload")
			got := run(t, client, "systemctl start test.service")
			if (got.code == 0) != c.starts {
				t.Errorf("start: exit %d, %s", got.code, got.errors)
			}
			if !c.starts && !strings.Contains(logOf(t, l, "h1", "test.service")+got.errors, "assertion failed") {
				t.Errorf("nothing says which assertion failed: %s", got.errors)
			}
		})
	}
}
