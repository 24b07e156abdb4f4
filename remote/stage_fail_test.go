package remote_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"hardway/artifact"
	"hardway/remote"
	"hardway/test/sshd"
)

func TestCancelledStageLeavesEverythingAsItWas(t *testing.T) {
	h := startHost(t, sshd.Options{})
	client, dir := h.dial(t), t.TempDir()
	must(t, os.WriteFile(dir+"/a.key", []byte("old"), 0o600))
	before := fmt.Sprint(tree(t, dir))
	ctx, cancel := context.WithCancel(t.Context())
	files := []artifact.File{
		file(dir+"/a.key", "new", 0o600), directory(dir+"/made", 0o755), file(dir+"/made/b.key", strings.Repeat("x", 1<<20), 0o600),
	}
	files[2].Content = watched{files[2].Content, cancel, nil}
	_, err := client.Stage(ctx, files)
	h.refuses(t, err)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if after := fmt.Sprint(tree(t, dir)); after != before {
		t.Errorf("there was %s, there is %s", before, after)
	}
}

// Ctrl-C ends the context that the connection was dialled with, too.
func TestStageEndedTogetherWithItsConnectionLeavesNothing(t *testing.T) {
	h := startHost(t, sshd.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	client, err := remote.NewDialer(h.options).Dial(ctx, h.node)
	must(t, err)
	dir := t.TempDir()
	f := file(dir+"/a.key", "new", 0o600)
	f.Content = watched{f.Content, cancel, nil}
	if _, err = client.Stage(ctx, []artifact.File{f}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if left := tree(t, dir); len(left) != 0 {
		t.Errorf("it left %v", left)
	}
}

func TestStageOnAHostThatHangsEndsWithItsContext(t *testing.T) {
	h := startHost(t, sshd.Options{})
	client, dir := h.dial(t), t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	f := file(dir+"/a.key", "new", 0o600)
	f.Content = watched{f.Content, func() { h.Freeze(); cancel() }, nil}
	began := time.Now()
	_, err := client.Stage(ctx, []artifact.File{f})
	h.refuses(t, err)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("took %v", took)
	}
	h.Thaw()
	again, err := h.dial(t).Stage(t.Context(), []artifact.File{file(dir+"/b.key", "new", 0o600)})
	must(t, err)
	must(t, again.Commit(t.Context()))
	if got := paths(tree(t, dir)); len(got) != 1 || got[0] != "b.key" {
		t.Errorf("there is %v, want b.key alone", got)
	}
}

// What cannot be written differs: root may write nearly everywhere, others may not give files away.
func TestStageWhereNothingCanBeWritten(t *testing.T) {
	h := startHost(t, sshd.Options{})
	client, dir := h.dial(t), t.TempDir()
	must(t, os.WriteFile(dir+"/file", []byte("in the way"), 0o600))
	must(t, os.Mkdir(dir+"/shut", 0o555))
	cases := map[string]refusal{
		"below a file":            {dir + "/file/a.key", me(), dir + "/file"},
		"two levels below a file": {dir + "/file/below/a.key", me(), dir + "/file"},
		"the kernel's own tree":   {"/proc/hardway/a.key", me(), "/proc/hardway"},
	}
	if os.Geteuid() != 0 {
		cases["a directory that may not be written in"] = refusal{dir + "/shut/a.key", me(), "ssh.sudo"}
		cases["a file for somebody else"] = refusal{dir + "/a.key", "root:root", "ssh.sudo"}
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			before := fmt.Sprint(tree(t, dir))
			f := file(c.path, "x", 0o600)
			f.Owner = c.owner
			_, err := client.Stage(t.Context(), []artifact.File{file(dir+"/sub/good", "x", 0o600), f})
			h.refuses(t, err, c.says)
			if after := fmt.Sprint(tree(t, dir)); after != before {
				t.Errorf("there was %s, there is %s", before, after)
			}
		})
	}
}

type refusal struct{ path, owner, says string }

// A limit on the size of files fails a write half way, as a full disk does, and needs no privilege to set up.
func TestStageThatTheDiskCannotHold(t *testing.T) {
	h := startHost(t, sshd.Options{Under: []string{"sh", "-c", `trap "" XFSZ; ulimit -f 512; exec "$@"`, "sh"}})
	client, dir := h.dial(t), t.TempDir()
	must(t, os.WriteFile(dir+"/big", []byte("old"), 0o600))
	before := fmt.Sprint(tree(t, dir))
	_, err := client.Stage(t.Context(), []artifact.File{
		file(dir+"/small", "x", 0o600), file(dir+"/big", strings.Repeat("x", 4<<20), 0o600),
	})
	h.refuses(t, err, dir+"/", "big", "full", "df")
	if after := fmt.Sprint(tree(t, dir)); after != before {
		t.Errorf("there was %s, there is %s", before, after)
	}
}

func TestOwnerThatTheHostDoesNotHave(t *testing.T) {
	h := startHost(t, sshd.Options{})
	dir := t.TempDir()
	f := file(dir+"/a.key", "x", 0o600)
	f.Owner = "no-such-user:root"
	_, err := h.dial(t).Stage(t.Context(), []artifact.File{f})
	h.refuses(t, err, "no-such-user:root")
	if left := tree(t, dir); len(left) != 0 {
		t.Errorf("it left %v", left)
	}
}

func TestSourceThatIsGone(t *testing.T) {
	h := startHost(t, sshd.Options{})
	dir := t.TempDir()
	f := file(dir+"/a.key", "x", 0o600)
	f.Content = artifact.FromFile("/nonexistent/source.key")
	_, err := h.dial(t).Stage(t.Context(), []artifact.File{f})
	h.refuses(t, err, "a.key", "/nonexistent/source.key")
	if left := tree(t, dir); len(left) != 0 {
		t.Errorf("it left %v", left)
	}
}

func TestTwoStagesOfOneDirectoryDoNotMix(t *testing.T) {
	h := startHost(t, sshd.Options{})
	client, dir := h.dial(t), t.TempDir()
	first, err := client.Stage(t.Context(), []artifact.File{file(dir+"/a", "first", 0o600)})
	must(t, err)
	_, err = client.Stage(t.Context(), []artifact.File{file(dir+"/a", "second", 0o600)})
	h.refuses(t, err, dir)
	must(t, first.Commit(t.Context()))
	if got, err := os.ReadFile(dir + "/a"); string(got) != "first" {
		t.Errorf("a holds %q, %v", got, err)
	}
}

func TestStageOfNothing(t *testing.T) {
	staged, err := startHost(t, sshd.Options{}).dial(t).Stage(t.Context(), nil)
	must(t, err)
	must(t, staged.Commit(t.Context()))
	must(t, staged.Discard(t.Context()))
}
