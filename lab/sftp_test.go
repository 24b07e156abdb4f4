package lab

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/pkg/sftp"
)

func put(t *testing.T, c *sftp.Client, path, text string) {
	t.Helper()
	f, err := c.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, c *sftp.Client, path string) string {
	t.Helper()
	f, err := c.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestFilesStandInTheHostsFolder(t *testing.T) {
	l := started(t, 1)
	c := sftpTo(t, l, "h1")
	put(t, c, "/etc/new.conf", "hello")
	data, err := os.ReadFile(filepath.Join(l.Root("h1"), "etc/new.conf"))
	if err != nil || string(data) != "hello" {
		t.Errorf("the folder holds %q, %v", data, err)
	}
	if got := get(t, c, "/etc/new.conf"); got != "hello" {
		t.Errorf("read back %q", got)
	}
	if info, err := c.Stat("/etc/new.conf"); err != nil || info.Mode().Perm() != 0o644 || info.Size() != 5 {
		t.Errorf("a new file is %v, %v; want 0644 and 5 bytes as from OpenSSH", info, err)
	}
}

func TestPlainRenameNeverReplaces(t *testing.T) {
	c := sftpTo(t, started(t, 1), "h1")
	put(t, c, "/etc/a", "new")
	put(t, c, "/etc/b", "old")
	if err := c.Rename("/etc/a", "/etc/b"); err == nil {
		t.Errorf("a plain rename over a file succeeds; OpenSSH's fails")
	}
	if got := get(t, c, "/etc/b"); got != "old" {
		t.Errorf("the file that was in the way holds %q", got)
	}
	if err := c.Rename("/etc/a", "/etc/c"); err != nil {
		t.Errorf("a plain rename to a free name: %v", err)
	}
	if err := c.PosixRename("/etc/c", "/etc/b"); err != nil {
		t.Errorf("posix-rename: %v", err)
	}
	if got := get(t, c, "/etc/b"); got != "new" {
		t.Errorf("after posix-rename the file holds %q", got)
	}
	if _, err := c.Lstat("/etc/c"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the old name is still there: %v", err)
	}
}

func TestFsyncWorksOnFilesAndDirectories(t *testing.T) {
	c := sftpTo(t, started(t, 1), "h1")
	if version, ok := c.HasExtension("fsync@openssh.com"); !ok || version != "1" {
		t.Fatalf("fsync@openssh.com is announced as %q, %v", version, ok)
	}
	f, err := c.OpenFile("/etc/synced", os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(make([]byte, 200_000)); err != nil {
		t.Fatal(err)
	}
	if err := f.Sync(); err != nil {
		t.Errorf("fsync of a file: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	dir, err := c.Open("/etc")
	if err != nil {
		t.Fatalf("opening a directory, which OpenSSH allows: %v", err)
	}
	if err := dir.Sync(); err != nil {
		t.Errorf("fsync of a directory: %v", err)
	}
	if err := dir.Close(); err != nil {
		t.Fatal(err)
	}
	if err := dir.Sync(); err == nil {
		t.Errorf("fsync of a closed handle succeeds")
	}
}

func TestOwnersAreRecordedAndModesAreSet(t *testing.T) {
	o := Options{Dir: t.TempDir(), Hosts: hosts(t, 1)}
	l := startedWith(t, o)
	c := sftpTo(t, l, "h1")
	put(t, c, "/etc/key", "secret")
	for _, step := range []error{c.Chmod("/etc/key", 0o640), c.Chown("/etc/key", 0, 999), c.Mkdir("/etc/dir"), c.Chown("/etc/dir", 998, 999),
		c.PosixRename("/etc/key", "/etc/dir/key"), c.PosixRename("/etc/dir", "/etc/moved")} {
		if step != nil {
			t.Fatal(step)
		}
	}
	check := func(c *sftp.Client) {
		t.Helper()
		info, err := c.Stat("/etc/moved/key")
		if err != nil {
			t.Fatal(err)
		}
		stat := info.Sys().(*sftp.FileStat)
		if info.Mode().Perm() != 0o640 || stat.UID != 0 || stat.GID != 999 {
			t.Errorf("the file is %o %d:%d, want 640 0:999", info.Mode().Perm(), stat.UID, stat.GID)
		}
		entries, err := c.ReadDir("/etc/moved")
		if err != nil || len(entries) != 1 || entries[0].Sys().(*sftp.FileStat).GID != 999 {
			t.Errorf("the listing is %v, %v", entries, err)
		}
	}
	check(c)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = startedWith(t, o)
	c = sftpTo(t, l, "h1")
	check(c)
	if err := c.Remove("/etc/moved/key"); err != nil {
		t.Fatal(err)
	}
	put(t, c, "/etc/moved/key", "another")
	if info, err := c.Stat("/etc/moved/key"); err != nil || info.Sys().(*sftp.FileStat).GID != 0 {
		t.Errorf("a file made anew has the owner of the one that is gone: %v, %v", info.Sys(), err)
	}
	if err := c.Chown("/etc/missing", 1, 1); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("chown of what is not there: %v", err)
	}
}

func TestNoPathLeavesTheFolder(t *testing.T) {
	l := started(t, 1)
	c := sftpTo(t, l, "h1")
	outside := filepath.Join(t.TempDir(), "outside")
	if err := os.WriteFile(outside, []byte("the machine's"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.Symlink(outside, "/etc/link"); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Dir(outside), filepath.Join(l.Root("h1"), "etc/dir")); err != nil {
		t.Fatal(err)
	}
	up := "/../../../../../../../../../.." + outside
	for _, path := range []string{"/etc/link", "/etc/dir/outside", up, "/etc" + up} {
		if f, err := c.Open(path); err == nil {
			t.Errorf("%s can be read", path)
			_ = f.Close()
		}
		if f, err := c.OpenFile(path, os.O_WRONLY|os.O_TRUNC); err == nil {
			t.Errorf("%s can be written", path)
			_ = f.Close()
		}
	}
	if data, err := os.ReadFile(outside); err != nil || string(data) != "the machine's" {
		t.Errorf("the machine's file holds %q, %v", data, err)
	}
	// What leads to a place of the machine leads to that place on the host.
	if err := c.MkdirAll(filepath.Dir(outside)); err != nil {
		t.Fatal(err)
	}
	put(t, c, outside, "the host's")
	if got := get(t, c, "/etc/link"); got != "the host's" {
		t.Errorf("an absolute link leads to %q", got)
	}
}

func TestTheLabsOwnExecutablesAreReadNeverWritten(t *testing.T) {
	l := started(t, 1)
	c := sftpTo(t, l, "h1")
	self, err := os.Stat(l.options.Executable)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := c.Stat("/usr/local/bin/etcd"); err != nil || info.Size() != self.Size() {
		t.Fatalf("etcd on the host is %v, %v", info, err)
	}
	if f, err := c.OpenFile("/usr/local/bin/etcd", os.O_WRONLY|os.O_TRUNC); err == nil {
		_ = f.Close()
		t.Fatalf("the lab's own executable can be opened for writing")
	}
	if err := c.Chmod("/usr/local/bin/etcd", 0); err == nil {
		t.Errorf("the lab's own executable can be changed")
	}
	put(t, c, "/usr/local/bin/new", "delivered")
	if err := c.PosixRename("/usr/local/bin/new", "/usr/local/bin/etcd"); err != nil {
		t.Fatal(err)
	}
	must(t, dial(t, l, "h1"), "systemctl daemon-reload")
	if got := get(t, c, "/usr/local/bin/etcd"); got != "delivered" {
		t.Errorf("a delivered executable does not replace the lab's")
	}
	if now, err := os.Stat(l.options.Executable); err != nil || now.Size() != self.Size() {
		t.Errorf("the lab's own executable changed: %v, %v", now, err)
	}
}

func TestRemoveTellsFilesFromDirectories(t *testing.T) {
	c := sftpTo(t, started(t, 1), "h1")
	if err := c.MkdirAll("/srv/a/b"); err != nil {
		t.Fatal(err)
	}
	put(t, c, "/srv/a/f", "")
	for _, wrong := range []error{c.RemoveDirectory("/srv/a"), c.RemoveDirectory("/srv/a/f"), c.Rename("/srv/missing", "/srv/x")} {
		if wrong == nil {
			t.Errorf("something succeeds that must not")
		}
	}
	for _, right := range []error{c.Remove("/srv/a/f"), c.RemoveDirectory("/srv/a/b"), c.RemoveDirectory("/srv/a")} {
		if right != nil {
			t.Error(right)
		}
	}
}

func TestExclusiveCreateNeverOpensWhatIsThere(t *testing.T) {
	c := sftpTo(t, started(t, 1), "h1")
	put(t, c, "/etc/there", "kept")
	if f, err := c.OpenFile("/etc/there", os.O_WRONLY|os.O_CREATE|os.O_EXCL); err == nil {
		_ = f.Close()
		t.Errorf("an exclusive create opens a file that is there")
	}
	if got := get(t, c, "/etc/there"); got != "kept" {
		t.Errorf("the file holds %q", got)
	}
}
