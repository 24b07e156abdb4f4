package remote_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"hardway/artifact"
	"hardway/remote"
	"hardway/test/sshd"
)

// Some servers read both halves of a pair at every handshake: nothing may come between them. The order is the kernel's
// own record of what was renamed into the directory.
func TestKeyComesDirectlyBeforeItsCertificate(t *testing.T) {
	client, dir := startHost(t, sshd.Options{}).dial(t), t.TempDir()
	var files []artifact.File
	for i := range 30 {
		for _, ext := range []string{"crt", "conf", "key", "json"} {
			files = append(files, file(fmt.Sprintf("%s/leaf%02d.%s", dir, i, ext), ext, 0o600))
		}
	}
	staged, err := client.Stage(t.Context(), files)
	must(t, err)
	arrived := watchRenames(t, dir)
	must(t, staged.Commit(t.Context()))
	got := arrived()
	if len(got) != len(files) {
		t.Fatalf("%d files were renamed, want %d: %v", len(got), len(files), got)
	}
	for i := range 30 {
		want := []string{"conf", "json", "key", "crt"}
		for j := range want {
			want[j] = fmt.Sprintf("leaf%02d.%s", i, want[j])
		}
		if four := got[4*i : 4*i+4]; !slices.Equal(four, want) {
			t.Errorf("renamed in the order %v, want %v", four, want)
		}
	}
}

// watchRenames records the names that are renamed into a directory from now on; the function gives them in order.
func watchRenames(t *testing.T, dir string) func() []string {
	t.Helper()
	fd, err := syscall.InotifyInit1(syscall.IN_NONBLOCK | syscall.IN_CLOEXEC)
	must(t, err)
	t.Cleanup(func() { syscall.Close(fd) })
	_, err = syscall.InotifyAddWatch(fd, dir, syscall.IN_MOVED_TO)
	must(t, err)
	return func() []string {
		var names []string
		buffer := make([]byte, 1<<20)
		n, err := syscall.Read(fd, buffer)
		must(t, err)
		for b := buffer[:n]; len(b) >= syscall.SizeofInotifyEvent; {
			size := int(binary.NativeEndian.Uint32(b[12:16]))
			name := b[syscall.SizeofInotifyEvent : syscall.SizeofInotifyEvent+size]
			names = append(names, string(bytes.TrimRight(name, "\x00")))
			b = b[syscall.SizeofInotifyEvent+size:]
		}
		return slices.DeleteFunc(names, func(n string) bool { return n == filepath.Base(remote.StagingDir(dir)) })
	}
}
