package controlplane

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/test/systemd"
)

// What etcd 3.5 to 3.7 say of their leader.
const (
	wasLost = `{"level":"info","ts":"2026-11-21T18:44:12.1Z","logger":"raft","caller":"v3@v3.6.0/node.go:370","msg":"raft.node: 5d2bc0a3 lost leader 8e9e05c5 at term 3"}`
	elected = `{"level":"info","ts":"2026-11-21T18:44:12.2Z","logger":"raft","caller":"v3@v3.6.0/node.go:364","msg":"raft.node: 5d2bc0a3 elected leader 5d2bc0a3 at term 4"}`
	changed = `{"level":"info","ts":"2026-11-21T18:44:12.2Z","logger":"raft","caller":"v3@v3.6.0/node.go:366","msg":"raft.node: 5d2bc0a3 changed leader from 8e9e05c5 to 5d2bc0a3 at term 4"}`
	asks    = `{"level":"info","ts":"2026-11-21T18:44:12.0Z","logger":"raft","caller":"v3@v3.6.0/raft.go:929","msg":"5d2bc0a3 became pre-candidate at term 3"}`
	asked   = `{"level":"info","ts":"2026-11-21T18:44:12.0Z","logger":"raft","caller":"v3@v3.6.0/raft.go:1122","msg":"5d2bc0a3 [logterm: 3, index: 9, vote: 8e9e05c5] cast MsgPreVote for 6fd0e1b2 [logterm: 3, index: 9] at term 3"}`
	other   = `{"level":"info","ts":"2026-11-21T18:44:12.3Z","caller":"x/y.go:1","msg":"a \\backslash and *"}`
)

// TestClientsAreDisconnectedWhenALeaderWasLost gives the script that log and counts how often it closes connections.
func TestClientsAreDisconnectedWhenALeaderWasLost(t *testing.T) {
	for name, c := range map[string]struct {
		said []string
		want int
	}{
		"lost, and another elected":      {[]string{other, asked, wasLost, other, elected, other}, 1},
		"lost, and itself elected":       {[]string{asks, wasLost, elected}, 1},
		"twice":                          {[]string{asks, wasLost, elected, asked, wasLost, elected}, 2},
		"lost, and nobody elected yet":   {[]string{wasLost, other}, 0},
		"the first of a member's life":   {[]string{other, elected}, 0},
		"handed over":                    {[]string{changed}, 0},
		"handed over, with a moment":     {[]string{wasLost, elected}, 0},
		"elected again after it was one": {[]string{asks, wasLost, elected, elected}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			put := func(name, text string, mode os.FileMode) string {
				file := filepath.Join(dir, name)
				if err := os.WriteFile(file, []byte(text), mode); err != nil {
					t.Fatal(err)
				}
				return file
			}
			log := put("log", strings.Join(c.said, "\n")+"\n", 0o600)
			put("journalctl", "#!/bin/sh\ncat "+log+"\n", 0o700)
			put("ss", "#!/bin/sh\necho \"$@\" >>"+dir+"/closed\n", 0o700)
			script := put("lost-leader", string(lostLeaderText), 0o700)
			command := exec.Command("sh", script)
			command.Env = []string{"PATH=" + dir + ":" + os.Getenv("PATH")}
			if out, err := command.CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			closed, _ := os.ReadFile(filepath.Join(dir, "closed"))
			if got := strings.Count(string(closed), "-HtnK state established sport = :6443"); got != c.want {
				t.Errorf("closed connections %d times, want %d: %s", got, c.want, closed)
			}
		})
	}
}

func TestSystemdAcceptsTheLostLeaderUnit(t *testing.T) {
	unit := artifact.File{Path: artifact.UnitDir + "/" + LostLeaderUnit, Mode: 0o600, Content: artifact.Bytes([]byte(lostLeaderService))}
	systemd.Verify(t, []artifact.File{unit}, []string{lostLeaderScript, "/bin/true"}, []string{APIServerUnit, etcdUnit})
}

// TestASingleMemberHasNoOtherLeader: nothing is there to be disconnected for.
func TestASingleMemberHasNoOtherLeader(t *testing.T) {
	m := newMaster(t)
	m.spec.Hosts = m.spec.Hosts[:1]
	for _, f := range lostLeaderFiles(m.spec) {
		t.Errorf("it has %s", f.Path)
	}
	wants, options := wantsLostLeader(m.spec)
	if len(m.spec.With(cluster.RoleEtcd)) != 1 || len(wants)+len(options) > 0 {
		t.Errorf("its API server wants %v, %v", wants, options)
	}
}
