package lab

import (
	"context"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/remote"
)

// connected is hardway's own client on a host.
func connected(t *testing.T, l *Lab, host string) *remote.Client {
	t.Helper()
	known := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(known, l.KnownHosts(), 0o600); err != nil {
		t.Fatal(err)
	}
	dialer := remote.NewDialer(remote.Options{
		KnownHosts: known, Home: t.TempDir(),
		SSH: func(cluster.Node) cluster.SSH {
			return cluster.SSH{User: "root", Port: l.options.Port, IdentityFile: l.ClientKey(), Timeout: cluster.Duration{Duration: 10 * time.Second}}
		},
	})
	client, err := dialer.Dial(t.Context(), cluster.Node{Name: host, Address: cluster.OneOrMore{address(t, l, host)}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// TestHardwaysClientDeliversAndLooks goes once through everything that package remote asks of a host.
func TestHardwaysClientDeliversAndLooks(t *testing.T) {
	l := withProbe(t)
	client := connected(t, l, "h1")
	ctx := t.Context()
	stage := func(files ...artifact.File) {
		t.Helper()
		staged, err := client.Stage(ctx, files)
		if err != nil {
			t.Fatal(err)
		}
		if err := staged.Commit(ctx); err != nil {
			t.Fatal(err)
		}
	}
	do := func(c remote.Command) {
		t.Helper()
		if err := client.Do(ctx, c); err != nil {
			t.Fatal(err)
		}
	}
	stage(artifact.File{Path: "/etc/sysusers.d/x.conf", Mode: 0o644, Content: artifact.Bytes([]byte("u etcd - - /var/lib/etcd -\n"))})
	do(remote.Sysusers("/etc/sysusers.d/x.conf"))
	key := artifact.File{Path: "/etc/etcd/pki/server.key", Mode: 0o640, Owner: "root:etcd", Content: artifact.Bytes([]byte("a key"))}
	service := "[Service]\nEnvironment=HARDWAY_INPUTS=abc\nExecStart=/usr/local/bin/probe wait\n[Install]\nWantedBy=multi-user.target\n"
	stage(key,
		artifact.File{Path: "/var/lib/etcd", Mode: fs.ModeDir | 0o700, Owner: "etcd:etcd"},
		artifact.File{Path: "/etc/systemd/system/test.service", Mode: 0o600, Content: artifact.Bytes([]byte(service))})
	do(remote.Systemctl("daemon-reload"))
	do(remote.Systemctl("enable", "test.service"))
	do(remote.Systemctl("start", "--no-block", "test.service"))
	do(remote.Systemctl("start", "test.service"))

	seen, err := client.Look(ctx, remote.Query{
		Paths:  []string{key.Path, "/var/lib/etcd", "/missing", "/usr/local/bin/etcd"},
		Units:  []string{"test.service", "missing.service"},
		Owners: []string{"etcd:etcd", "root:root", "nobody:knows"},
	})
	if err != nil {
		t.Fatal(err)
	}
	sum, _ := key.Content.SHA256()
	if got, want := seen.Paths[key.Path], (remote.PathState{Exists: true, Mode: 0o640, Owner: "root:etcd", Size: 5, SHA256: sum}); got != want {
		t.Errorf("the key is %+v, want %+v", got, want)
	}
	if got, want := seen.Paths["/var/lib/etcd"], (remote.PathState{Exists: true, IsDir: true, Empty: true, Mode: 0o700, Owner: "etcd:etcd"}); got != want {
		t.Errorf("the directory is %+v, want %+v", got, want)
	}
	if seen.Paths["/missing"].Exists || !seen.Paths["/usr/local/bin/etcd"].Exists {
		t.Errorf("what is missing is seen, or the binary is not: %+v", seen.Paths)
	}
	want := remote.UnitState{Load: "loaded", Active: "active", Sub: "running", Enabled: "enabled", MainPID: pidOf(t, l, "test.service"), Inputs: "abc"}
	if got := seen.Units["test.service"]; got != want {
		t.Errorf("the unit is %+v, want %+v", got, want)
	}
	if got := seen.Units["missing.service"]; got.Load != "not-found" || got.Running() {
		t.Errorf("a unit that is missing is %+v", got)
	}
	if len(seen.Owners) != 2 || seen.Owners["etcd:etcd"] != (remote.Owner{UID: 999, GID: 999}) {
		t.Errorf("owners are %+v", seen.Owners)
	}
	if data, err := client.ReadFile(ctx, key.Path); err != nil || string(data) != "a key" {
		t.Errorf("read %q, %v", data, err)
	}
	do(remote.Remove(key.Path))
	do(remote.Systemctl("stop", "test.service"))
	if err := client.Do(ctx, remote.Systemctl("start", "missing.service")); err == nil {
		t.Errorf("a unit that is missing can be started")
	}
}

// TestSocketsOfTheHostAreReached is how a balancer's runtime socket is spoken to.
func TestSocketsOfTheHostAreReached(t *testing.T) {
	l := started(t, 1)
	short, err := os.MkdirTemp("", "lab")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(short) })
	// A socket's path may have no more than 107 bytes, and a test's folder can be longer.
	if err := os.Symlink(l.Root("h1"), short+"/r"); err != nil {
		t.Fatal(err)
	}
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "unix", short+"/r/run/admin.sock")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		if conn, err := listener.Accept(); err == nil {
			_, _ = conn.Write([]byte("from the socket"))
			_ = conn.Close()
		}
	}()
	conn, err := connected(t, l, "h1").Dial(t.Context(), "unix", "/run/admin.sock")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	got := make([]byte, 15)
	if _, err := conn.Read(got); err != nil || string(got) != "from the socket" {
		t.Errorf("through the connection comes %q, %v", got, err)
	}
}
