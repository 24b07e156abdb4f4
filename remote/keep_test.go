package remote_test

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"hardway/remote"
	"hardway/test/sshd"
)

// kept is a directory in which a host keeps what stands at these paths of dir, under their own names.
func keeping(dir, record string, names ...string) remote.Keeping {
	k := remote.Keeping{Dir: dir + "/kept/one", Files: map[string]string{}, RecordName: "record.json", Record: []byte(record)}
	for _, name := range names {
		k.Files[dir+"/"+name] = name
	}
	return k
}

func TestWhatIsKeptCostsNoBytesAndIsReachedByNobodyElse(t *testing.T) {
	client, dir := startHost(t, sshd.Options{}).dial(t), t.TempDir()
	must(t, os.WriteFile(dir+"/a.crt", []byte("crt"), 0o644))
	must(t, os.WriteFile(dir+"/a.key", []byte("key"), 0o600))
	must(t, client.Keep(t.Context(), keeping(dir, "record", "a.crt", "a.key")))
	want := map[string]string{
		"a.crt": "-rw-r--r-- crt", "a.key": "-rw------- key", "kept": "drwxr-xr-x", "kept/one": "drwx------",
		"kept/one/a.crt": "-rw-r--r-- crt", "kept/one/a.key": "-rw------- key", "kept/one/record.json": "-rw------- record",
	}
	if got := tree(t, dir); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("there is %v\nwant     %v", got, want)
	}
	if inode(t, dir+"/a.key") != inode(t, dir+"/kept/one/a.key") {
		t.Error("the key was copied")
	}
}

// A run that goes on keeps what the one before it kept, not what that one has put in its place.
func TestWhatIsKeptStays(t *testing.T) {
	client, dir := startHost(t, sshd.Options{}).dial(t), t.TempDir()
	must(t, os.WriteFile(dir+"/a", []byte("old"), 0o600))
	must(t, client.Keep(t.Context(), keeping(dir, "record", "a")))
	must(t, os.Remove(dir+"/a"))
	must(t, os.WriteFile(dir+"/a", []byte("new"), 0o600))
	must(t, os.WriteFile(dir+"/b", []byte("old"), 0o600))
	must(t, os.Chmod(dir+"/kept/one", 0o755))
	must(t, client.Keep(t.Context(), keeping(dir, "more", "a", "b")))
	want := map[string]string{
		"a": "-rw------- new", "b": "-rw------- old", "kept": "drwxr-xr-x", "kept/one": "drwx------",
		"kept/one/a": "-rw------- old", "kept/one/b": "-rw------- old", "kept/one/record.json": "-rw------- more",
	}
	if got := tree(t, dir); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("there is %v\nwant     %v", got, want)
	}
}

// Where the inode cannot have a second name the bytes are copied, for root's eyes only until they are whole.
func TestWhatCannotBeLinkedIsCopied(t *testing.T) {
	client, dir := startHost(t, sshd.Options{}).dial(t), t.TempDir()
	other, err := os.MkdirTemp("/dev/shm", "hardway")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(other)) })
	if device(t, other) == device(t, dir) {
		t.Fatal("want two file systems")
	}
	must(t, os.WriteFile(other+"/key", []byte("key"), 0o644))
	must(t, os.Symlink(other+"/key", dir+"/link"))
	k := keeping(dir, "record", "link")
	k.Files[other+"/key"] = "key"
	must(t, client.Keep(t.Context(), k))
	want := map[string]string{"key": "-rw------- key", "link": "-rw------- key", "record.json": "-rw------- record"}
	if got := tree(t, dir+"/kept/one"); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("there is %v\nwant     %v", got, want)
	}
}

func TestKeepingWhatIsNotThereFails(t *testing.T) {
	h := startHost(t, sshd.Options{})
	client, dir := h.dial(t), t.TempDir()
	h.refuses(t, client.Keep(t.Context(), keeping(dir, "record", "missing")), dir+"/missing")
	if _, err := os.Stat(dir + "/kept/one/record.json"); err == nil {
		t.Error("there is a record of what was not kept")
	}
}

func TestDirectoriesAreListedAndRenamed(t *testing.T) {
	client, dir := startHost(t, sshd.Options{}).dial(t), t.TempDir()
	if names, err := client.List(t.Context(), dir+"/missing"); err != nil || len(names) > 0 {
		t.Errorf("a directory that is missing: %v, %v", names, err)
	}
	for _, name := range []string{"b", "a"} {
		must(t, os.Mkdir(filepath.Join(dir, name), 0o700))
	}
	must(t, client.Rename(t.Context(), dir+"/b", dir+"/c"))
	if names, err := client.List(t.Context(), dir); err != nil || len(names) != 2 || names[0].Name+names[1].Name != "ac" || time.Since(names[0].Changed) > time.Minute {
		t.Errorf("listed are %v, %v", names, err)
	}
}

func inode(t *testing.T, path string) uint64  { return stat(t, path).Ino }
func device(t *testing.T, path string) uint64 { return stat(t, path).Dev }

func stat(t *testing.T, path string) *syscall.Stat_t {
	t.Helper()
	info, err := os.Stat(path)
	must(t, err)
	return info.Sys().(*syscall.Stat_t)
}
