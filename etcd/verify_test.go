package etcd

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"hardway/cluster"
)

// finding is what a test wants of a problem: its host, its subject, and a part of its message.
type finding struct{ host, subject, says string }

// found takes the one problem that is the finding off the list.
func found(t *testing.T, problems []cluster.Problem, f finding) []cluster.Problem {
	t.Helper()
	at := slices.IndexFunc(problems, func(p cluster.Problem) bool {
		return f.host == p.Host && f.subject == p.Subject && strings.Contains(p.Message, f.says)
	})
	if at < 0 {
		t.Errorf("not found: %+v", f)
		return problems
	}
	if problems[at].Hint == "" {
		t.Errorf("no hint what to do about: %s", problems[at])
	}
	return slices.Delete(slices.Clone(problems), at, at+1)
}

// want fails the test unless the problems are exactly the findings, each with a hint.
func want(t *testing.T, problems []cluster.Problem, findings ...finding) {
	t.Helper()
	for _, f := range findings {
		problems = found(t, problems, f)
	}
	for _, p := range problems {
		t.Errorf("unexpected problem: %s", p)
	}
}

// memberID is the ID of a started member.
func memberID(t *testing.T, c *client, host string) uint64 {
	t.Helper()
	list, err := c.MemberList(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list.Members {
		if m.Name == host {
			return m.ID
		}
	}
	t.Fatalf("%s is no member", host)
	return 0
}

// TestVerifyTellsApart is the life of one real cluster: each subtest leaves it as the next one expects it.
func TestVerifyTellsApart(t *testing.T) {
	t.Parallel()
	ms := formed(t, 61)
	admin := ms.client("kmaster1")
	ctx := context.Background()
	id := func(host string) uint64 { return memberID(t, admin, host) }
	remove := func(id uint64) error {
		_, err := admin.MemberRemove(ctx, id)
		return err
	}

	t.Run("a healthy cluster", func(t *testing.T) {
		ms.in(t)
		rows, problems := ms.look(t)
		want(t, problems)
		leaders, hashes := 0, map[uint32]bool{}
		for i, row := range rows {
			hashes[row.Hash] = true
			if row.Leader {
				leaders++
			}
			if row.Name != ms.spec.Hosts[i].Name || !row.Healthy || row.Learner || row.DBSize == 0 || row.ID != hex(id(row.Name)) {
				t.Errorf("row %+v of a healthy member", row)
			}
		}
		if len(rows) != 3 || leaders != 1 || len(hashes) != 1 {
			t.Errorf("%d rows, %d leaders, %d hashes", len(rows), leaders, len(hashes))
		}
	})

	t.Run("a busy cluster is no disagreement", func(t *testing.T) {
		ms.in(t)
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		go func() {
			for i := 0; ctx.Err() == nil; i++ {
				_, _ = admin.Put(ctx, fmt.Sprint("key", i%50), strings.Repeat("v", 100))
			}
		}()
		time.Sleep(200 * time.Millisecond)
		for range 5 {
			rows, problems := ms.look(t)
			want(t, problems)
			if rows[0].Revision < 2 {
				t.Errorf("nothing was written: revision %d", rows[0].Revision)
			}
		}
	})

	t.Run("a stranger", func(t *testing.T) {
		ms.in(t)
		var stranger uint64
		eventually(t, func() error {
			added, err := admin.MemberAdd(ctx, []string{"https://127.0.0.79:2380"})
			if err == nil {
				stranger = added.Member.ID
			}
			return err
		})
		rows, problems := ms.look(t)
		want(t, problems, finding{"", "member list", hex(stranger)})
		if len(rows) != 4 || rows[3].ID != hex(stranger) || rows[3].Healthy {
			t.Errorf("rows %+v show no stranger at the end", rows)
		}
		eventually(t, func() error { return remove(stranger) })
	})

	t.Run("a wrong peer URL", func(t *testing.T) {
		ms.in(t)
		if _, err := admin.MemberUpdate(ctx, id("kmaster2"), []string{"https://127.0.0.79:2380"}); err != nil {
			t.Fatal(err)
		}
		_, problems := ms.look(t)
		want(t, problems, finding{"kmaster2", "peer URL", "https://127.0.0.79:2380; expected https://127.0.0.62:2380"})
		if _, err := admin.MemberUpdate(ctx, id("kmaster2"), []string{"https://127.0.0.62:2380"}); err != nil {
			t.Fatal(err)
		}
	})

	t.Run("an alarm", func(t *testing.T) {
		ms.in(t)
		alarm := &pb.AlarmRequest{Action: pb.AlarmRequest_ACTIVATE, MemberID: id("kmaster3"), Alarm: pb.AlarmType_NOSPACE}
		if _, err := pb.NewMaintenanceClient(admin.ActiveConnection()).Alarm(ctx, alarm); err != nil {
			t.Fatal(err)
		}
		rows, problems := ms.look(t)
		want(t, problems, finding{"kmaster3", "alarm", "NOSPACE"})
		if rows[2].Healthy || !rows[0].Healthy {
			t.Errorf("healthy: %v, %v; want only kmaster3 not to be", rows[0].Healthy, rows[2].Healthy)
		}
		alarm.Action = pb.AlarmRequest_DEACTIVATE
		if _, err := pb.NewMaintenanceClient(admin.ActiveConnection()).Alarm(ctx, alarm); err != nil {
			t.Fatal(err)
		}
	})

	t.Run("a unit whose initial cluster disagrees", func(t *testing.T) {
		ms.in(t)
		other := *ms.spec
		other.Hosts = slices.Clone(ms.spec.Hosts[:2])
		m := ms.of["kmaster2"]
		delivered := m.unit
		m.unit = find(t, rendered(t, &other, m.node, ms.store), delivered.Path)
		defer func() { m.unit = delivered }()
		_, problems := ms.look(t)
		want(t, problems, finding{"kmaster2", Unit, "--initial-cluster="})
	})

	t.Run("a member down", func(t *testing.T) {
		ms.in(t)
		ms.of["kmaster2"].stop()
		rows, problems := ms.look(t)
		want(t, problems, finding{"kmaster2", Unit, "connection refused"})
		if rows[1].Healthy || rows[1].ID == "" {
			t.Errorf("row %+v of a member that is down", rows[1])
		}
		ms.of["kmaster2"].start()
		ms.of["kmaster2"].awaitReady()
	})

	t.Run("a member that hangs", func(t *testing.T) {
		ms.in(t)
		process := ms.of["kmaster2"].process.Process
		if err := process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		_, problems := ms.look(t)
		if err := process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		// Held still, it may have led: then the others are asked while they elect.
		want(t, problems, finding{"kmaster2", Unit, "deadline exceeded"})
		eventually(t, func() error { return Healthy(ctx, ms.spec, adminTLS(t, ms.store), directly) })
	})

	t.Run("a member missing from the list", func(t *testing.T) {
		ms.in(t)
		eventually(t, func() error { return remove(id("kmaster3")) })
		ms.of["kmaster3"].awaitExit()
		ms.of["kmaster3"].process = nil
		rows, problems := ms.look(t)
		want(t, problems, finding{"kmaster3", "member list", "missing"})
		if len(rows) != 3 || rows[2].ID != "" {
			t.Errorf("row %+v of a member that is missing", rows[2])
		}
	})

	t.Run("a member added and never started", func(t *testing.T) {
		ms.in(t)
		eventually(t, func() error {
			_, err := admin.MemberAddAsLearner(ctx, []string{"https://127.0.0.63:2380"})
			return err
		})
		ms.of["kmaster3"].wipe()
		_, problems := ms.look(t)
		want(t, problems, finding{"kmaster3", "member list", "never started"}, finding{"kmaster3", "learner", "learner"})
	})

	t.Run("a learner", func(t *testing.T) {
		ms.in(t)
		m := ms.of["kmaster3"]
		m.arm("existing")
		m.start()
		m.awaitReady()
		rows, problems := ms.look(t)
		want(t, problems, finding{"kmaster3", "learner", "expected a voting member"})
		if !rows[2].Learner || rows[2].Healthy {
			t.Errorf("row %+v of a learner", rows[2])
		}
	})

	t.Run("a promoted learner is a member like any other", func(t *testing.T) {
		ms.in(t)
		eventually(t, func() error {
			_, err := admin.MemberPromote(ctx, id("kmaster3"))
			return err
		})
		_, problems := ms.look(t)
		want(t, problems)
	})
}

// TestWipedMembers loses one member's data and brings it back the way the hint says, then loses two.
func TestWipedMembers(t *testing.T) {
	t.Parallel()
	ms := formed(t, 64)
	admin := ms.client("kmaster1")
	ctx := context.Background()

	lost := ms.of["kmaster3"]
	lost.stop()
	lost.wipe()
	if lost.mayStart() {
		t.Error("systemd would start a wiped member")
	}
	rows, problems := ms.look(t)
	want(t, problems, finding{"kmaster3", DataDir, "is wiped"})
	if hint := problems[0].Hint; !strings.Contains(hint, "member remove "+rows[2].ID) || !strings.Contains(hint, "member add kmaster3 --peer-urls=https://127.0.0.66:2380") {
		t.Errorf("the hint %q is not the way back", hint)
	}
	_, refusals := DecideStart(ms.facts())
	want(t, refusals, finding{"kmaster3", DataDir, "is wiped"})

	eventually(t, func() error {
		_, err := admin.MemberRemove(ctx, memberID(t, admin, "kmaster3"))
		return err
	})
	eventually(t, func() error {
		_, err := admin.MemberAdd(ctx, []string{lost.node.PeerURL()})
		return err
	})
	lost.arm("existing")
	lost.start()
	lost.awaitReady()
	_, problems = ms.look(t)
	want(t, problems)

	for _, host := range []string{"kmaster2", "kmaster3"} {
		ms.of[host].stop()
		ms.of[host].wipe()
	}
	_, problems = ms.look(t)
	want(t, problems, finding{"kmaster1", "leader", "no leader"}, finding{"kmaster2", DataDir, "is wiped"}, finding{"kmaster3", DataDir, "is wiped"})
	decision, refusals := DecideStart(ms.facts())
	want(t, refusals, finding{"kmaster2", DataDir, "kmaster2, kmaster3 must not be started as new"}, finding{"kmaster3", DataDir, "formed (on kmaster1)"})
	if !decision.Idle() {
		t.Errorf("decided %+v with two wiped members", decision)
	}
}

// TestAnotherClusterID: two members formed the cluster of the spec, the third one of its own.
func TestAnotherClusterID(t *testing.T) {
	t.Parallel()
	spec := threeOn(67)
	ms := newMembers(t, spec, issued(t, spec))
	alone := *spec
	alone.Hosts = slices.Clone(spec.Hosts[2:])
	stray := ms.of["kmaster3"]
	stray.unit = find(t, rendered(t, &alone, stray.node, ms.store), stray.unit.Path)
	ms.bootstrap()
	rows, problems := ms.look(t)
	want(t, problems, finding{"kmaster3", "cluster ID", "belongs to another cluster"}, finding{"kmaster3", Unit, "--initial-cluster="})
	if rows[2].Healthy || rows[2].Leader || !rows[0].Healthy {
		t.Errorf("rows %+v: want kmaster3 neither healthy nor leader", rows)
	}
}

// TestCertificates serves pairs that are not what they should be, while the cluster runs on: pairs are read at every
// handshake.
func TestCertificates(t *testing.T) {
	t.Parallel()
	ms := formed(t, 70)
	m := ms.of["kmaster2"]
	own := rendered(t, ms.spec, m.node, ms.store)

	m.deliver(rendered(t, ms.spec, m.node, issued(t, ms.spec)))
	rows, problems := ms.look(t)
	want(t, problems, finding{"kmaster2", "peer certificate", "unknown authority"}, finding{"kmaster2", "server certificate", "unknown authority"})
	if rows[1].Healthy {
		t.Error("a member that serves another authority's certificate is called healthy")
	}

	m.deliver(rendered(t, ms.spec, ms.of["kmaster1"].node, ms.store))
	_, problems = ms.look(t)
	want(t, problems, finding{"kmaster2", "peer certificate", "kmaster1"}, finding{"kmaster2", "server certificate", "127.0.0.71"})

	m.deliver(own)
	_, problems = ms.look(t)
	want(t, problems)

	later := adminTLS(t, ms.store)
	later.Time = func() time.Time { return time.Now().Add(2 * year) }
	_, problems = Judge(ms.spec, Collect(context.Background(), ms.spec, later, directly, nil))
	for _, n := range ms.spec.Hosts {
		for _, pair := range []string{"peer certificate", "server certificate"} {
			problems = found(t, problems, finding{n.Name, pair, "expired"})
		}
	}
	want(t, problems)
}

// TestClientOfAnotherAuthority: the members are well, and take the one who asks for nobody.
func TestClientOfAnotherAuthority(t *testing.T) {
	t.Parallel()
	ms := formed(t, 73)
	config := adminTLS(t, ms.store)
	config.Certificates = adminTLS(t, issued(t, ms.spec)).Certificates
	rows, problems := Judge(ms.spec, Collect(context.Background(), ms.spec, config, directly, nil))
	var findings []finding
	for _, n := range ms.spec.Hosts {
		findings = append(findings, finding{n.Name, Unit, "answers no question"})
	}
	want(t, problems, findings...)
	if len(rows) != 3 || rows[0].Healthy {
		t.Errorf("rows %+v without any answer", rows)
	}
}

// TestOtherData changes a value in the database of one member behind etcd's back.
func TestOtherData(t *testing.T) {
	t.Parallel()
	ms := formed(t, 76)
	if _, err := ms.client("kmaster1").Put(context.Background(), "key", "value"); err != nil {
		t.Fatal(err)
	}
	m := ms.of["kmaster3"]
	m.stop()
	m.corrupt("value", "eulav")
	m.start()
	if log := m.awaitExit(); !strings.Contains(log, "found data inconsistency with peers") {
		t.Errorf("a member with other data than its peers starts in spite of InitialCorruptCheck:\n%s", log)
	}
	m.process = nil
	m.without("feature-gates")
	m.start()
	m.awaitReady()
	rows, problems := ms.look(t)
	want(t, problems, finding{"kmaster3", "data", "holds other data than most members"})
	if rows[2].Hash == rows[0].Hash {
		t.Errorf("hashes of different data are the same: %+v", rows)
	}
}

func TestMemberAsJSONIsTheContract(t *testing.T) {
	data, err := json.Marshal(Member{Name: "kmaster1", ID: "8e9e05c52164694d", PeerURLs: []string{"p"}, ClientURLs: []string{"c"}, Hash: 7})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"name":"kmaster1","id":"8e9e05c52164694d","peerURLs":["p"],"clientURLs":["c"],"leader":false,"learner":false,"healthy":false,"dbSize":0,"revision":0,"hash":7}`
	if diff := cmp.Diff(want, string(data)); diff != "" {
		t.Error(diff)
	}
}
