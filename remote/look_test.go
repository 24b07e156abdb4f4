package remote_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"hardway/artifact"
	"hardway/remote"
	"hardway/test/sshd"
)

func TestLookSeesWhatStandsThere(t *testing.T) {
	client, dir := startHost(t, sshd.Options{}).dial(t), t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	write := func(name string, mode os.FileMode) remote.PathState {
		must(t, os.WriteFile(at(name), []byte(name), mode))
		must(t, os.Chmod(at(name), mode))
		return remote.PathState{Exists: true, Mode: mode, Owner: me(), Size: int64(len(name)), SHA256: artifact.Digest([]byte(name))}
	}
	folder := func(name string, mode os.FileMode, empty bool) remote.PathState {
		must(t, os.Mkdir(at(name), 0o700))
		if !empty {
			must(t, os.WriteFile(filepath.Join(at(name), ".hidden"), nil, 0o600))
		}
		must(t, os.Chmod(at(name), mode))
		return remote.PathState{Exists: true, IsDir: true, Empty: empty, Mode: mode, Owner: me()}
	}
	want := map[string]remote.PathState{
		at("empty"): folder("empty", 0o750, true), at("full"): folder("full", 0o700, false),
		at("plain"): write("plain", 0o644), at("secret"): write("secret", 0o600),
	}
	for _, name := range []string{"two  spaces ", "'single'", `"double"`, `back\slash\n`, "$(reboot) `x` * ? [a] ;&|<>", "-rf", "naïve", "#P", "=", "\x01\xff"} {
		want[at(name)] = write(name, 0o640)
	}
	must(t, os.Symlink("plain", at("link to a file")))
	want[at("link to a file")] = want[at("plain")]
	must(t, os.Symlink("empty", at("link to a directory")))
	want[at("link to a directory")] = want[at("empty")]
	must(t, os.Symlink("nowhere", at("dangling link")))
	q := remote.Query{Paths: []string{at("missing"), at("dangling link"), at("missing/below"), at("plain") + "/below a file"}}
	for path := range want {
		q.Paths = append(q.Paths, path)
	}
	got, err := client.Look(t.Context(), q)
	must(t, err)
	for path, state := range want {
		if state.IsDir {
			// How large a directory is depends on its file system.
			state.Size = got.Paths[path].Size
			want[path] = state
		}
	}
	if d := cmp.Diff(want, got.Paths); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	sameThroughCodec(t, q, got)
}

// A host that answers without a shell has to be told from none of the others.
func sameThroughCodec(t *testing.T, q remote.Query, answered remote.State) {
	t.Helper()
	again, err := remote.DecodeState(q, answered.Encode(q))
	must(t, err)
	if d := cmp.Diff(answered, again); d != "" {
		t.Errorf("encoded and decoded (-the host's answer +again)\n%s", d)
	}
}

// Large files are digested by openssl where it is there; names that it would not print as they are by coreutils.
func TestLookDigestsLargeFiles(t *testing.T) {
	client, dir := startHost(t, sshd.Options{}).dial(t), t.TempDir()
	large := []byte(strings.Repeat("large", 1<<20))
	for _, names := range [][]string{{"large", "small", "naïve *  name", "link"}, {`back\slash`, "large"}, {"unreadable/missing", "large"}} {
		var q remote.Query
		for _, name := range names {
			path := filepath.Join(dir, name)
			q.Paths = append(q.Paths, path)
			switch name {
			case "link":
				must(t, os.Symlink("large", path))
			case "small":
				must(t, os.WriteFile(path, []byte(name), 0o600))
			case "unreadable/missing":
			default:
				must(t, os.WriteFile(path, large, 0o600))
			}
		}
		got, err := client.Look(t.Context(), q)
		must(t, err)
		for i, name := range names {
			want := artifact.Digest(large)
			switch name {
			case "small":
				want = artifact.Digest([]byte(name))
			case "unreadable/missing":
				want = ""
			}
			if seen := got.Paths[q.Paths[i]]; seen.SHA256 != want || len(got.Trouble) > 0 {
				t.Errorf("%s: %+v, trouble %q", name, seen, got.Trouble)
			}
		}
		sameThroughCodec(t, q, got)
	}
}

func TestLookWithNothingToAsk(t *testing.T) {
	client := startHost(t, sshd.Options{}).dial(t)
	got, err := client.Look(t.Context(), remote.Query{})
	if err != nil || len(got.Paths)+len(got.Units)+len(got.Owners)+len(got.Trouble) != 0 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestLookDoesNotWaitForPipes(t *testing.T) {
	client, dir := startHost(t, sshd.Options{}).dial(t), t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	mkfifo(t, fifo)
	got, err := client.Look(t.Context(), remote.Query{Paths: []string{fifo}})
	if err != nil || !got.Paths[fifo].Exists || got.Paths[fifo].SHA256 != "" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestLookFindsOwners(t *testing.T) {
	client := startHost(t, sshd.Options{}).dial(t)
	q := remote.Query{Owners: []string{me(), "root:root", "no-such-user:root", "root:no-such-group", "daemon:mail"}}
	got, err := client.Look(t.Context(), q)
	must(t, err)
	want := map[string]remote.Owner{me(): {UID: os.Getuid(), GID: os.Getgid()}, "root:root": {}}
	for _, name := range []string{"daemon:mail"} {
		if owner, ok := localOwner(name); ok {
			want[name] = owner
		}
	}
	if d := cmp.Diff(want, got.Owners); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	sameThroughCodec(t, q, got)
}

// Machines that run tests may have been booted without systemd; whatever theirs says, the rest of the answer stands.
func TestLookAtUnitsThatAreNot(t *testing.T) {
	client := startHost(t, sshd.Options{}).dial(t)
	q := remote.Query{Paths: []string{"/"}, Units: []string{"no-such-unit.service", "nor-this.service"}, Owners: []string{"root:root"}}
	got, err := client.Look(t.Context(), q)
	must(t, err)
	if !got.Paths["/"].IsDir || len(got.Owners) != 1 {
		t.Errorf("the rest of the answer is missing: %+v", got)
	}
	for _, name := range q.Units {
		if u := got.Units[name]; u.Running() || u.Inputs != "" || u.Active == "active" || u.Load == "loaded" {
			t.Errorf("%s: %+v", name, u)
		}
	}
	sameThroughCodec(t, q, got)
}

// A login shell gets a command as one argument, and Linux bounds arguments at 128 KiB.
func TestLookAtMorePathsThanFitIntoOneCommand(t *testing.T) {
	client, dir := startHost(t, sshd.Options{}).dial(t), t.TempDir()
	var q remote.Query
	for i := range 3000 {
		q.Paths = append(q.Paths, filepath.Join(dir, strings.Repeat("x", 60)+strconv.Itoa(i)))
	}
	for i, path := range []string{q.Paths[0], q.Paths[1500], q.Paths[2999]} {
		must(t, os.WriteFile(path, fmt.Append(nil, i), 0o600))
	}
	got, err := client.Look(t.Context(), q)
	must(t, err)
	for i, path := range []string{q.Paths[0], q.Paths[1500], q.Paths[2999]} {
		if want := artifact.Digest(fmt.Append(nil, i)); got.Paths[path].SHA256 != want {
			t.Errorf("%s: got %+v, want sha256 %s", path, got.Paths[path], want)
		}
	}
	if len(got.Paths) != 3 {
		t.Errorf("%d paths exist, want 3", len(got.Paths))
	}
}

func TestLookRefusesNamesWithLineBreaks(t *testing.T) {
	h := startHost(t, sshd.Options{})
	_, err := h.dial(t).Look(t.Context(), remote.Query{Paths: []string{"/etc/line\nbreak"}})
	h.refuses(t, err, "line break")
}
