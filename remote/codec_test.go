package remote

import (
	"reflect"
	"strings"
	"testing"
)

func TestStateIsReadBackAsEncoded(t *testing.T) {
	sum := strings.Repeat("0123456789abcdef", 4)
	q := Query{
		Paths:  []string{"/etc/etcd/pki/server.key", "/var/lib/etcd", "/etc/  two spaces", "/missing", "/#P"},
		Units:  []string{"etcd.service", "kubelet.service", "gone.service"},
		Owners: []string{"root:etcd", "nobody:here"},
	}
	want := State{
		Paths: map[string]PathState{
			"/etc/etcd/pki/server.key": {Exists: true, Mode: 0o640, Owner: "root:etcd", Size: 227, SHA256: sum},
			"/var/lib/etcd":            {Exists: true, IsDir: true, Empty: true, Mode: 0o700, Owner: "etcd:etcd"},
			"/etc/  two spaces":        {Exists: true, Mode: 0o600, Owner: "root:root", SHA256: sum},
			"/#P":                      {Exists: true, IsDir: true, Empty: true, Owner: "root:root"},
		},
		Units: map[string]UnitState{
			"etcd.service":    {Load: "loaded", Active: "active", Sub: "running", Enabled: "enabled", MainPID: 4711, Inputs: "sha256:abc"},
			"kubelet.service": {Load: "loaded", Active: "inactive", Sub: "dead", Enabled: "disabled", NeedReload: true},
			"gone.service":    {Load: "not-found", Active: "inactive", Sub: "dead"},
		},
		Owners:  map[string]Owner{"root:etcd": {UID: 0, GID: 998}},
		Trouble: []string{"stat: cannot statx '/x': Permission denied"},
	}
	got, err := DecodeState(q, want.Encode(q))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestAnswersThatAreNoneAreRefused(t *testing.T) {
	q := Query{Paths: []string{"/a"}, Units: []string{"x.service"}}
	for name, answer := range map[string]string{
		"a greeting of the login shell": "Welcome to kmaster1!\n#P\n81a4 1 root:root /a\n",
		"too few fields":                "#P\n81a4 1 root:root\n",
		"a mode that is no number":      "#P\nrw-r--r-- 1 root:root /a\n",
		"a size that is no number":      "#P\n81a4 big root:root /a\n",
		"a digest cut short":            "#S\n0123  /a\n",
		"more units than asked":         "#U\nLoadState=loaded\n\nLoadState=loaded\n",
		"a process id that is none":     "#U\nMainPID=many\n",
		"inputs of no process":          "#I\nx sha256:abc\n",
		"an account without a number":   "#A\nroot:x\n",
	} {
		t.Run(name, func(t *testing.T) {
			if s, err := DecodeState(q, []byte(answer)); err == nil {
				t.Errorf("%q was understood as %+v", answer, s)
			}
		})
	}
}

func TestFewerUnitsThanAskedIsRefused(t *testing.T) {
	q := Query{Units: []string{"a.service", "b.service"}}
	if s, err := DecodeState(q, []byte("#U\nLoadState=loaded\n")); err == nil {
		t.Errorf("one block for two units was understood as %+v", s)
	}
}

func FuzzDecodeState(f *testing.F) {
	f.Add([]byte("#P\n81a4 1 root:root /a\n#U\nLoadState=loaded\nMainPID=1\n\nLoadState=masked\n#I\n1 x\n#N\nstat: x: Permission denied\n"))
	f.Add([]byte("#A\nroot:x:0:0:root:/root:/bin/sh\n#G\nroot:x:0:\n#E\n/d\n#S\n" + strings.Repeat("a", 64) + "  /a\n"))
	q := Query{Paths: []string{"/a", "/d"}, Units: []string{"a.service", "b.service"}, Owners: []string{"root:root"}}
	f.Fuzz(func(t *testing.T, answer []byte) {
		s, err := DecodeState(q, answer)
		if err != nil {
			return
		}
		again, err := DecodeState(q, s.Encode(q))
		if err != nil || !reflect.DeepEqual(again, s) {
			t.Errorf("read  %+v\nagain %+v, %v", s, again, err)
		}
	})
}
