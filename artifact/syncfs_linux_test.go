package artifact_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"hardway/artifact"
)

// commitFiles makes this program commit so many files below the directory it stands in, and end.
const commitFiles = "HARDWAY_TEST_COMMIT_FILES"

func TestMain(m *testing.M) {
	n, err := strconv.Atoi(os.Getenv(commitFiles))
	if err != nil {
		os.Exit(m.Run())
	}
	if err := artifact.OpenWorkDir(".").Commit(numbered(n)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// numbered is files in ten directories.
func numbered(n int) []artifact.Local {
	var files []artifact.Local
	for i := range n {
		files = append(files, artifact.Local{Path: fmt.Sprintf("pki/node%d/%d.crt", i%10, i), Mode: 0o644, Data: []byte(fmt.Sprint(i))})
	}
	return files
}

// TestCommitSyncsBeforeItGoesOn holds against the kernel's own record of what was asked of it that every file is durable
// before the journal counts, and every rename before the journal goes; both for few files, which wait for nobody else's
// writes, and for many.
func TestCommitSyncsBeforeItGoesOn(t *testing.T) {
	for name, n := range map[string]int{"few files": 20, "many files": 1500} {
		t.Run(name, func(t *testing.T) {
			calls := traceCommit(t, n)
			journal := find(t, calls, func(c string) bool { return strings.Contains(c, `journal.json"`) && strings.Contains(c, "rename") })
			gone := find(t, calls, func(c string) bool { return strings.Contains(c, `"journal.json"`) && strings.Contains(c, "unlink") })
			last := journal
			for i, c := range calls {
				if strings.Contains(c, "rename") {
					last = i
				}
			}
			if last == journal {
				t.Fatal("nothing was put in place after the journal")
			}
			whole, each := count(calls[:journal], "syncfs("), count(calls[:journal], "fsync(")
			if whole == 0 && each < n {
				t.Errorf("the journal counts after %d syncs of files and %d of all, for %d files", each, whole, n)
			}
			if n < 1000 && whole > 0 {
				t.Error("a few files waited for the whole file system")
			}
			whole, each = count(calls[last:gone], "syncfs("), count(calls[last:gone], "fsync(")
			if whole == 0 && each < 10 {
				t.Errorf("the journal goes after %d syncs of ten directories and %d of all", each, whole)
			}
		})
	}
}

// traceCommit commits files in a process of its own, and gives the calls it made, in order.
func traceCommit(t *testing.T, n int) []string {
	t.Helper()
	record := filepath.Join(t.TempDir(), "calls")
	command := exec.Command("strace", "--follow-forks", "--trace=fsync,syncfs,/^rename,/^unlink", "--output="+record, os.Args[0])
	command.Dir, command.Env = t.TempDir(), append(os.Environ(), commitFiles+"="+strconv.Itoa(n))
	if said, err := command.CombinedOutput(); err != nil {
		t.Fatalf("failed to trace a commit: %v: %s", err, said)
	}
	data, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(string(data), "\n")
}

func find(t *testing.T, calls []string, is func(string) bool) int {
	t.Helper()
	for i, c := range calls {
		if is(c) {
			return i
		}
	}
	t.Fatalf("no such call among %d", len(calls))
	return 0
}

// count leaves out the second half of a call that another interrupted.
func count(calls []string, name string) int {
	n := 0
	for _, c := range calls {
		if strings.Contains(c, " "+name) {
			n++
		}
	}
	return n
}

func TestCommitOfManyFilesWritesThemAll(t *testing.T) {
	dir := t.TempDir()
	files := numbered(1500)
	must(t, artifact.OpenWorkDir(dir).Commit(files))
	for _, f := range files {
		data, err := os.ReadFile(filepath.Join(dir, f.Path))
		if err != nil || string(data) != string(f.Data) {
			t.Fatalf("%s: %q, %v", f.Path, data, err)
		}
	}
	assertEntries(t, dir, "pki")
}
