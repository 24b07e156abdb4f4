package etcd

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"hardway/artifact"
)

// systemd's own analyzer reads the unit in a root with stubs for the programs it starts and the units it orders by.
func TestSystemdAcceptsTheUnit(t *testing.T) {
	for _, version := range supported() {
		root := t.TempDir()
		for path, file := range map[string]struct {
			mode    os.FileMode
			content string
		}{
			Binary:                        {0o755, "#!/bin/sh\n"},
			"/bin/rm":                     {0o755, "#!/bin/sh\n"},
			artifact.UnitDir + "/" + Unit: {0o644, string(content(t, unitOf(t, version, 0)))},
			artifact.UnitDir + "/network-online.target": {0o644, "[Unit]\nDescription=stub\n"},
			artifact.UnitDir + "/sysinit.target":        {0o644, "[Unit]\nDescription=stub\n"},
			artifact.UnitDir + "/basic.target":          {0o644, "[Unit]\nDescription=stub\n"},
			artifact.UnitDir + "/shutdown.target":       {0o644, "[Unit]\nDescription=stub\n"},
			artifact.UnitDir + "/multi-user.target":     {0o644, "[Unit]\nDescription=stub\n"},
			"/etc/passwd":                               {0o644, "root:x:0:0::/root:/bin/sh\netcd:x:999:999::/var/lib/etcd:/usr/sbin/nologin\n"},
			"/etc/group":                                {0o644, "root:x:0:\netcd:x:999:\n"},
		} {
			full := filepath.Join(root, path)
			if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(full, []byte(file.content), file.mode); err != nil {
				t.Fatal(err)
			}
		}
		output, err := exec.Command("systemd-analyze", "verify", "--man=no", "--root="+root, Unit).CombinedOutput()
		if err != nil || len(output) > 0 {
			t.Errorf("%s: systemd-analyze verify: %v\n%s", version, err, output)
		}
	}
}

// The unit's assertions, evaluated by systemd itself: only a member with its log, or an armed one, may start.
func TestSystemdStartsOnlyMembersThatMay(t *testing.T) {
	for name, c := range map[string]struct {
		paths  []string
		starts bool
	}{
		"a member with its log":              {[]string{LogDir + "/0.wal"}, true},
		"an armed member without data":       {[]string{BootstrapPath}, true},
		"an armed member with its log":       {[]string{BootstrapPath, LogDir + "/0.wal"}, true},
		"a wiped member":                     {nil, false},
		"a member with an empty log":         {[]string{LogDir + "/"}, false},
		"a member that lost its log":         {[]string{DataDir + "/member/snap/db"}, false},
		"a member armed in another's folder": {[]string{"/run/other/etcd-bootstrap.env"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			m := &member{t: t, root: t.TempDir(), unit: unitOf(t, "v3.6.16", 0)}
			for _, path := range c.paths {
				touch(t, m.path(path), strings.HasSuffix(path, "/"))
			}
			if starts := m.mayStart(); starts != c.starts {
				t.Errorf("may start: %v, want %v", starts, c.starts)
			}
		})
	}
}

// mayStart asks systemd whether the unit's assertions hold below the member's root.
func (m *member) mayStart() bool {
	m.t.Helper()
	options, err := artifact.Unit(m.unit)
	if err != nil {
		m.t.Fatal(err)
	}
	var asserts []string
	for _, o := range options {
		if path, ok := strings.CutPrefix(o.Value, "|"); ok && strings.HasPrefix(o.Name, "Assert") {
			asserts = append(asserts, o.Name+"=|"+m.path(path))
		}
	}
	if len(asserts) == 0 {
		m.t.Fatal("the unit asserts nothing")
	}
	output, err := exec.Command("systemd-analyze", append([]string{"condition"}, asserts...)...).CombinedOutput()
	if err != nil && !strings.Contains(string(output), "Asserts failed") {
		m.t.Fatalf("systemd-analyze condition: %v\n%s", err, output)
	}
	return err == nil
}

// touch makes what a path stands for: an empty directory where it ends in a slash, otherwise a file.
func touch(t *testing.T, path string, dir bool) {
	t.Helper()
	parent := path
	if !dir {
		parent = filepath.Dir(path)
	}
	if err := os.MkdirAll(parent, 0o755); err != nil {
		t.Fatal(err)
	}
	if dir {
		return
	}
	if err := os.WriteFile(path, []byte("x"), 0o644); err != nil {
		t.Fatal(err)
	}
}
