package remote_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"hardway/artifact"
	"hardway/remote"
	"hardway/test/sshd"
)

func TestStagedFilesAreSeenByNobody(t *testing.T) {
	client, dir := startHost(t, sshd.Options{}).dial(t), t.TempDir()
	must(t, os.WriteFile(dir+"/server.crt", []byte("old"), 0o644))
	before := tree(t, dir)
	staged, err := client.Stage(t.Context(), []artifact.File{
		directory(dir+"/new", 0o755), file(dir+"/server.crt", "new", 0o644), file(dir+"/new/server.key", "key", 0o600),
	})
	must(t, err)
	for path, seen := range tree(t, dir) {
		under := strings.Contains(path, filepath.Base(remote.StagingDir(""))) || strings.HasPrefix(path, "new")
		if _, stood := before[path]; !stood && !under {
			t.Errorf("%s appeared: %s", path, seen)
		}
	}
	for path, seen := range before {
		if now := tree(t, dir)[path]; now != seen {
			t.Errorf("%s was %s and is %s", path, seen, now)
		}
	}
	must(t, staged.Discard(t.Context()))
	if after := tree(t, dir); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("discarding left %v, there was %v", after, before)
	}
}

// The content of a file is opened when it is about to be sent: what stands on the host then is what stands there before
// the first byte.
func TestModeAndOwnerStandBeforeTheFirstByte(t *testing.T) {
	client, dir := startHost(t, sshd.Options{}).dial(t), t.TempDir()
	owners := []string{me()}
	if _, ok := localOwner("daemon:mail"); ok && os.Geteuid() == 0 {
		owners = append(owners, "daemon:mail")
	}
	var files []artifact.File
	for i, mode := range []fs.FileMode{0o600, 0o640, 0o644, 0o755, 0o400} {
		for _, owner := range owners {
			f := file(fmt.Sprintf("%s/%d/%s", dir, i, strings.ReplaceAll(owner, ":", "-")), "secret", mode)
			f.Owner = owner
			f.Content = watched{f.Content, func() { holdsNothingYet(t, f) }, nil}
			files = append(files, f)
		}
	}
	staged, err := client.Stage(t.Context(), files)
	must(t, err)
	for _, f := range files {
		if info, err := os.Stat(filepath.Dir(f.Path)); err != nil || info.Mode().Perm()&^0o755 != 0 {
			t.Errorf("parent that no tree names: %v, %v", info, err)
		}
	}
	must(t, staged.Commit(t.Context()))
}

// holdsNothingYet checks a staged file from outside.
func holdsNothingYet(t *testing.T, f artifact.File) {
	stage := remote.StagingDir(filepath.Dir(f.Path))
	info, err := os.Stat(stage)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("staging directory: %v, %v; want mode 0700", info.Mode(), err)
	}
	info, err = os.Stat(filepath.Join(stage, filepath.Base(f.Path)))
	if err != nil {
		t.Error(err)
		return
	}
	who, _ := localOwner(f.Owner)
	stat := info.Sys().(*syscall.Stat_t)
	if info.Size() != 0 || info.Mode() != f.Mode || int(stat.Uid) != who.UID || int(stat.Gid) != who.GID {
		t.Errorf("%s is %v of %d:%d with %d bytes, want %v of %s and none", f.Path, info.Mode(), stat.Uid, stat.Gid, info.Size(), f.Mode, f.Owner)
	}
}

func TestFileThatDoesNotArriveAsItWasSent(t *testing.T) {
	h := startHost(t, sshd.Options{})
	client := h.dial(t)
	for name, spoil := range map[string]func(staged string){
		"a byte more":  func(staged string) { appendTo(t, staged, "x") },
		"cut short":    func(staged string) { must(t, os.Truncate(staged, 2)) },
		"gone":         func(staged string) { must(t, os.Remove(staged)) },
		"another mode": func(staged string) { must(t, os.Chmod(staged, 0o644)) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			good, bad := file(dir+"/good", "good", 0o600), file(dir+"/bad", "bad content", 0o600)
			bad.Content = watched{bad.Content, nil, func() { spoil(filepath.Join(remote.StagingDir(dir), "bad")) }}
			_, err := client.Stage(t.Context(), []artifact.File{good, bad})
			h.refuses(t, err, dir+"/bad")
			if left := tree(t, dir); len(left) != 0 {
				t.Errorf("it left %v", left)
			}
		})
	}
}

func TestWhatADeadRunLeftIsClearedAway(t *testing.T) {
	h := startHost(t, sshd.Options{})
	dir := t.TempDir()
	dead := h.dial(t)
	_, err := dead.Stage(t.Context(), []artifact.File{file(dir+"/old.key", "old", 0o600), file(dir+"/same.key", "old", 0o600)})
	must(t, err)
	must(t, dead.Close())
	if left := tree(t, dir); len(left) == 0 {
		t.Fatal("the dead run left nothing to clear away")
	}
	client := h.dial(t)
	staged, err := client.Stage(t.Context(), []artifact.File{file(dir+"/same.key", "new", 0o600)})
	must(t, err)
	must(t, staged.Commit(t.Context()))
	if got := paths(tree(t, dir)); !slices.Equal(got, []string{"same.key"}) {
		t.Errorf("there is %v, want same.key alone", got)
	}
}

// Whoever may write in a target must not be able to have files elsewhere taken off.
func TestStagingDirectoryThatIsALinkIsNotFollowed(t *testing.T) {
	client, dir, elsewhere := startHost(t, sshd.Options{}).dial(t), t.TempDir(), t.TempDir()
	must(t, os.WriteFile(elsewhere+"/precious", []byte("precious"), 0o644))
	must(t, os.Symlink(elsewhere, remote.StagingDir(dir)))
	staged, err := client.Stage(t.Context(), []artifact.File{file(dir+"/precious", "secret", 0o600)})
	must(t, err)
	if got, err := os.ReadFile(elsewhere + "/precious"); string(got) != "precious" {
		t.Errorf("elsewhere holds %q, %v", got, err)
	}
	must(t, staged.Commit(t.Context()))
	must(t, os.Symlink(elsewhere, remote.StagingDir(dir)))
	must(t, client.Sweep(t.Context(), []string{remote.StagingDir(dir)}))
	if got, err := os.ReadFile(elsewhere + "/precious"); string(got) != "precious" {
		t.Errorf("elsewhere holds %q, %v", got, err)
	}
}
