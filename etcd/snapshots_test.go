package etcd

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hardway/artifact"
	"hardway/cluster"
)

// saving is a spec whose hosts save snapshots.
func saving(t *testing.T) *cluster.Spec {
	t.Helper()
	spec := alone(t)
	spec.Hosts = spec.Hosts[:1]
	spec.Etcd.Snapshots = cluster.Snapshots{Every: cluster.Duration{Duration: 6 * time.Hour}, Keep: 3, Dir: "/var/lib/etcd-snapshots"}
	return spec
}

func TestSystemdAcceptsTheTimerOfSnapshots(t *testing.T) {
	spec := saving(t)
	files := rendered(t, spec, spec.Hosts[0], issued(t, spec))
	root := t.TempDir()
	put := func(path string, mode os.FileMode, text string) {
		t.Helper()
		full := filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, target := range []string{"network-online", "sysinit", "basic", "shutdown", "multi-user", "timers", "time-sync", "time-set"} {
		put(artifact.UnitDir+"/"+target+".target", 0o644, "[Unit]\nDescription=stub\n")
	}
	put(Binary, 0o755, "#!/bin/sh\n")
	put("/bin/rm", 0o755, "#!/bin/sh\n")
	put("/etc/passwd", 0o644, "root:x:0:0::/root:/bin/sh\netcd:x:999:999::/var/lib/etcd:/usr/sbin/nologin\n")
	put("/etc/group", 0o644, "root:x:0:\netcd:x:999:\n")
	for _, path := range []string{artifact.UnitDir + "/" + Unit, snapshotScript, snapshotUnitDir + "/" + SnapshotService, snapshotUnitDir + "/" + SnapshotTimer} {
		f := find(t, files, path)
		put(path, f.Mode, string(content(t, f)))
	}
	output, err := exec.Command("systemd-analyze", "verify", "--man=no", "--root="+root, Unit, SnapshotService, SnapshotTimer).CombinedOutput()
	if err != nil || len(output) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, output)
	}
	if unit := string(content(t, find(t, files, artifact.UnitDir+"/"+Unit))); !strings.Contains(unit, "Wants=network-online.target "+SnapshotTimer) {
		t.Errorf("etcd's unit does not want the timer:\n%s", unit)
	}
}

func TestHostsSaveNoSnapshotsUnlessTheSpecSaysSo(t *testing.T) {
	spec := saving(t)
	spec.Etcd.Snapshots = cluster.Snapshots{}
	for _, f := range rendered(t, spec, spec.Hosts[0], issued(t, spec)) {
		if strings.Contains(f.Path, "snapshot") {
			t.Errorf("%s is rendered", f.Path)
		}
	}
}

// The script that the timer runs, with the real etcdctl against a real member: it keeps the newest and leaves nothing half done.
func TestTheTimersScriptKeepsTheNewest(t *testing.T) {
	tools, err := filepath.Abs("../.cache/tools")
	if err != nil {
		t.Fatal(err)
	}
	spec := saving(t)
	store := issued(t, spec)
	files := rendered(t, spec, spec.Hosts[0], store)
	m := &member{t: t, node: spec.Hosts[0], root: t.TempDir(), unit: find(t, files, artifact.UnitDir+"/"+Unit)}
	m.deliver(files)
	m.arm("new")
	m.start()
	t.Cleanup(m.stop)
	m.awaitReady()
	dir := m.path(spec.Etcd.Snapshots.Dir)
	// On its host it finds what it names; here those stand below the member's root, and etcdutl's proof is ReadSnapshot's.
	script := strings.NewReplacer(
		"/usr/local/bin/etcdctl", filepath.Join(tools, "etcdctl"), "/usr/local/bin/etcdutl", "true",
		"=/etc/", "="+m.root+"/etc/", "cd /var/", "cd "+m.root+"/var/",
	).Replace(string(content(t, find(t, files, snapshotScript))))
	for _, old := range []string{"systemv-20200101T000000Z.db", "systemv-20200102T000000Z.db", "systemv-20200103T000000Z.db", "systemv-20200104T000000Z.db", "cut-off.db.new"} {
		if err := os.WriteFile(filepath.Join(dir, old), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if output, err := exec.CommandContext(ctx, "sh", "-c", script).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	kept, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(kept) != 3 || kept[0].Name() != "systemv-20200103T000000Z.db" {
		t.Fatalf("it keeps %v", kept)
	}
	if _, err := ReadSnapshot(filepath.Join(dir, kept[2].Name())); err != nil {
		t.Error(err)
	}
	if info, err := kept[2].Info(); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("it is %v %v", info.Mode(), err)
	}
}
