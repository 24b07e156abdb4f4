package remote

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// made is a directory that holds these files.
func made(t *testing.T, files ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "a", "b")
	for _, file := range files {
		at := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// left is every file in a directory, after the host's own programs have done what the command says.
func left(t *testing.T, c Command, dir string) string {
	t.Helper()
	if parsed, ok := ParseLine(c.Line()); !ok || !slices.Equal(parsed.Args, c.Args) {
		t.Errorf("%s is none of hardway's commands", c.Line())
	}
	if out, err := exec.Command("sh", "-c", c.Line()).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", c.Line(), err, out)
	}
	var files []string
	_ = filepath.WalkDir(dir, func(at string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, strings.TrimPrefix(at, dir+"/"))
		}
		return nil
	})
	return strings.Join(files, " ")
}

func TestDataGoesAlsoThroughALink(t *testing.T) {
	dir := made(t, "member/wal/0.wal")
	link := filepath.Join(t.TempDir(), "etcd")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	if files := left(t, Empty(link), dir); files != "" {
		t.Errorf("left is %q", files)
	}
}

func TestWhatIsTakenOffIsNeverWhatALinkLeadsTo(t *testing.T) {
	theirs := made(t, "theirs")
	dir := made(t, "run/record", "file")
	if err := os.Symlink(theirs, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"run", "link", "file"} {
		left(t, TakeOff(filepath.Join(dir, name)), dir)
	}
	if files := left(t, TakeOff(dir), theirs); files != "theirs" {
		t.Errorf("of somebody else's is left %q", files)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the directory is left")
	}
}

func TestOnlyFilesOfThePatternGo(t *testing.T) {
	dir := made(t, "prod-20260504.db", "prod-20260504.db.new.part", "other-20260504.db", "old/prod-20260504.db")
	if files := left(t, RemoveFiles(dir+"/prod-*.db*"), dir); files != "old/prod-20260504.db other-20260504.db" {
		t.Errorf("left is %q", files)
	}
}
