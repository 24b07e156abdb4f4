package test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/etcd"
	"hardway/pki"
)

// client speaks to etcd on these hosts with the operator's certificate, on all without any.
func (r *rehearsal) client(hosts ...string) *clientv3.Client {
	r.t.Helper()
	config, err := pki.Open(artifact.OpenWorkDir(r.work), r.spec).ClientTLS("etcd-admin")
	must(r.t, err)
	var endpoints []string
	for _, n := range r.spec.With(cluster.RoleEtcd) {
		if len(hosts) == 0 || strings.Contains(strings.Join(hosts, " "), n.Name) {
			endpoints = append(endpoints, n.ClientURL())
		}
	}
	client, err := clientv3.New(clientv3.Config{Endpoints: endpoints, TLS: config, DialTimeout: 5 * time.Second, Logger: zap.NewNop()})
	must(r.t, err)
	r.t.Cleanup(func() { _ = client.Close() })
	return client
}

// soon bounds one question.
func (r *rehearsal) soon() context.Context {
	ctx, cancel := context.WithTimeout(r.t.Context(), 10*time.Second)
	r.t.Cleanup(cancel)
	return ctx
}

// put writes keys prefix0 up to prefix<n-1>, each its own name as value.
func (r *rehearsal) put(prefix string, n int) (revision int64) {
	r.t.Helper()
	client := r.client()
	for i := range n {
		key := fmt.Sprintf("%s%d", prefix, i)
		answer, err := client.Put(r.soon(), key, key)
		must(r.t, err)
		revision = answer.Header.Revision
	}
	return revision
}

// holds is the keys with a prefix, as every member has them, asked of each alone.
func (r *rehearsal) holds(prefix string, want int) {
	r.t.Helper()
	for _, n := range r.spec.With(cluster.RoleEtcd) {
		answer, err := r.client(n.Name).Get(r.soon(), prefix, clientv3.WithPrefix())
		if err != nil {
			r.t.Errorf("%s: %v", n.Name, err)
			continue
		}
		if len(answer.Kvs) != want {
			r.t.Errorf("%s holds %d keys %s…, want %d", n.Name, len(answer.Kvs), prefix, want)
		}
		for _, kv := range answer.Kvs {
			if string(kv.Key) != string(kv.Value) {
				r.t.Errorf("%s holds %s=%s", n.Name, kv.Key, kv.Value)
			}
		}
	}
}

// statuses is what etcd status says, by host, with the exit code held.
func (r *rehearsal) statuses(code int) (map[string]etcd.Status, []cluster.Problem) {
	r.t.Helper()
	doc := r.json(code, "etcd", "status")
	rows := map[string]etcd.Status{}
	for _, item := range doc.Items {
		var row etcd.Status
		must(r.t, json.Unmarshal(item, &row))
		rows[row.Name] = row
	}
	return rows, doc.Problems
}

func (r *rehearsal) leader() string {
	r.t.Helper()
	rows, _ := r.statuses(0)
	for _, row := range rows {
		if row.Leader {
			return row.Name
		}
	}
	r.t.Fatal("nobody leads")
	return ""
}

func TestEtcdStatusSaysHowMembersAreAndWhatIsWrong(t *testing.T) {
	r := rehearse(t)
	r.up()
	r.put("a", 20)
	rows, _ := r.statuses(0)
	leaders := 0
	for _, n := range r.spec.Hosts {
		row := rows[n.Name]
		if !row.Healthy || row.Version != "3.6.16" || row.DBSize == 0 || row.DBInUse == 0 || row.Term == 0 || row.Index < 20 || row.Revision < 21 {
			t.Errorf("%s: %+v", n.Name, row)
		}
		if row.Leader {
			leaders++
		}
	}
	if leaders != 1 {
		t.Errorf("%d leaders", leaders)
	}
	r.systemctl("kmaster2", "stop", etcdUnit)
	if _, problems := r.statuses(3); len(problems) == 0 || problems[0].Host != "kmaster2" {
		t.Errorf("with a member stopped it says %+v", problems)
	}
}

// snapshot is a saved one.
type snapshot struct {
	File, Member, SHA256 string
	Revision, Size       int64
	Keys                 int
}

func (r *rehearsal) save(args ...string) snapshot {
	r.t.Helper()
	doc := r.json(0, append([]string{"etcd", "snapshot", "save"}, args...)...)
	var s snapshot
	must(r.t, json.Unmarshal(doc.Items[0], &s))
	return s
}

func TestEtcdSnapshotSave(t *testing.T) {
	r := rehearse(t)
	r.up()
	revision := r.put("a", 50)
	_, err := r.client().Delete(r.soon(), "a7")
	must(t, err)

	t.Run("a dry run writes nothing", func(t *testing.T) {
		r.exits(0, "etcd", "snapshot", "save", "--dry-run")
		if _, err := os.Stat(filepath.Join(r.work, "snapshots")); err == nil {
			t.Error("there is a directory snapshots")
		}
	})
	saved := r.save()
	if saved.Revision < revision+1 || saved.Keys < 49 || saved.Keys > 50 || filepath.Dir(saved.File) != "snapshots" {
		t.Errorf("saved %+v after revision %d", saved, revision)
	}
	info, err := os.Stat(filepath.Join(r.work, saved.File))
	must(t, err)
	if info.Mode().Perm() != 0o600 || info.Size() != saved.Size {
		t.Errorf("mode %v, %d bytes", info.Mode(), info.Size())
	}
	read, err := etcd.ReadSnapshot(filepath.Join(r.work, saved.File))
	must(t, err)
	if read.SHA256 != saved.SHA256 {
		t.Errorf("read again it has SHA-256 %s, saved was %s", read.SHA256, saved.SHA256)
	}
	if rows, _ := r.statuses(0); rows[saved.Member].Leader {
		t.Errorf("it was taken from the leader, %s", saved.Member)
	}
	t.Run("no file is replaced", func(t *testing.T) {
		if got := r.exits(1, "etcd", "snapshot", "save", saved.File); !strings.Contains(got.errors, "no snapshot is replaced") {
			t.Error(got.errors)
		}
	})
	t.Run("without a healthy member nothing is saved", func(t *testing.T) {
		r.systemctl("kmaster1", "stop", etcdUnit)
		r.systemctl("kmaster2", "stop", etcdUnit)
		got := r.exits(1, "etcd", "snapshot", "save", "mine.db")
		if !strings.Contains(got.errors, "no member is healthy") {
			t.Error(got.errors)
		}
		if left, _ := filepath.Glob(filepath.Join(r.work, "mine.db*")); len(left) > 0 {
			t.Errorf("it left %v", left)
		}
	})
}

// Filled and emptied again, databases are given back; the leader comes last, and nobody is defragmented while another is not
// well.
func TestEtcdDefragAndAlarms(t *testing.T) {
	r := rehearse(t)
	r.up()
	client := r.client()
	for i := range 200 {
		_, err := client.Put(r.soon(), fmt.Sprintf("big%d", i%4), strings.Repeat("x", 64<<10))
		must(t, err)
	}
	leader := r.leader()
	before, _ := r.statuses(0)
	id := before[leader].ID
	t.Run("alarms are listed and cleared", func(t *testing.T) {
		r.exits(0, "etcd", "alarm", "list")
		var member uint64
		_, err := fmt.Sscanf(id, "%x", &member)
		must(t, err)
		raise := &pb.AlarmRequest{Action: pb.AlarmRequest_ACTIVATE, MemberID: member, Alarm: pb.AlarmType_NOSPACE}
		_, err = pb.NewMaintenanceClient(client.ActiveConnection()).Alarm(r.soon(), raise)
		must(t, err)
		if _, err := client.Put(r.soon(), "b", "b"); err == nil {
			t.Error("writes go on in spite of the alarm")
		}
		if got := r.exits(3, "etcd", "alarm", "list"); !strings.Contains(got.out, "NOSPACE") || !strings.Contains(got.out, leader) {
			t.Errorf("it does not list the alarm:\n%s", got.out)
		}
		if rows, _ := r.statuses(3); len(rows[leader].Alarms) != 1 {
			t.Errorf("status does not show the alarm: %+v", rows[leader])
		}
	})
	plan := r.json(0, "etcd", "defrag", "--compact", "--dry-run")
	if again, _ := r.statuses(3); again[leader].Revision != before[leader].Revision || again[leader].DBSize != before[leader].DBSize {
		t.Error("the dry run has changed etcd")
	}
	did := r.json(0, "etcd", "defrag", "--compact")
	if last := did.Changes[len(did.Changes)-1]; last.Host != leader {
		t.Errorf("the last was %s, leader was %s", last.Host, leader)
	}
	if fmt.Sprint(plan.Changes) != fmt.Sprint(did.Changes) {
		t.Errorf("planned was\n%v, done was\n%v", plan.Changes, did.Changes)
	}
	r.exits(0, "etcd", "alarm", "disarm")
	after, _ := r.statuses(0)
	for name, row := range after {
		if row.DBSize > before[name].DBSize/4 {
			t.Errorf("%s: %d bytes before, %d after", name, before[name].DBSize, row.DBSize)
		}
	}
	_, err := client.Put(r.soon(), "b", "b")
	must(t, err)
	r.exits(0, "etcd", "verify")
	t.Run("not while a member is away", func(t *testing.T) {
		r.systemctl("kmaster2", "stop", etcdUnit)
		if got := r.exits(1, "etcd", "defrag"); !strings.Contains(got.errors, "kmaster2") {
			t.Errorf("it does not name the member that is away:\n%s", got.errors)
		}
	})
}
