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
)

// TestVerifyTellsApart is the life of one real cluster: each subtest leaves it as the next one expects it.
func TestVerifyTellsApart(t *testing.T) {
	t.Parallel()
	ms := formed(t)
	admin := ms.client("kmaster1")
	ctx, elsewhere := context.Background(), "https://"+free(t)+":2380"
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
			added, err := admin.MemberAdd(ctx, []string{elsewhere})
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
		if _, err := admin.MemberUpdate(ctx, id("kmaster2"), []string{elsewhere}); err != nil {
			t.Fatal(err)
		}
		problems := ms.agreed(t)
		want(t, problems, finding{"kmaster2", "peer URL", elsewhere + "; expected " + ms.of["kmaster2"].node.PeerURL()})
		if _, err := admin.MemberUpdate(ctx, id("kmaster2"), []string{ms.of["kmaster2"].node.PeerURL()}); err != nil {
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
		eventually(t, func() error { return healthy(ctx, ms.spec, adminTLS(t, ms.store), directly) })
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
			_, err := admin.MemberAddAsLearner(ctx, []string{ms.of["kmaster3"].node.PeerURL()})
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
