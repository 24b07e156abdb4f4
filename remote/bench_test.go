package remote_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"hardway/artifact"
	"hardway/remote"
	"hardway/test/sshd"
)

// benchFiles is how many files go to one host: about what a master holds.
const benchFiles = 20

// BenchmarkDeliver is the whole way of files to one host: handshake, staging, digests, renames, all of it durable.
func BenchmarkDeliver(b *testing.B) {
	h := startHost(b, sshd.Options{})
	target := b.TempDir()
	round := 0
	for b.Loop() {
		round++
		client, err := remote.NewDialer(h.options).Dial(b.Context(), h.node)
		must(b, err)
		staged, err := client.Stage(b.Context(), benchSet(target, round))
		must(b, err)
		must(b, staged.Commit(b.Context()))
		must(b, client.Close())
	}
}

// BenchmarkDeliverKeeping is the same, and what is replaced is kept first, each time in a directory of its own.
func BenchmarkDeliverKeeping(b *testing.B) {
	h := startHost(b, sshd.Options{})
	target, kept := b.TempDir(), b.TempDir()
	round := 0
	for b.Loop() {
		round++
		client, err := remote.NewDialer(h.options).Dial(b.Context(), h.node)
		must(b, err)
		staged, err := client.Stage(b.Context(), benchSet(target, round))
		must(b, err)
		k := remote.Keeping{Dir: fmt.Sprintf("%s/%d", kept, round), Files: map[string]string{}, RecordName: "record.json", Record: []byte("{}")}
		for i, f := range benchSet(target, round) {
			if round > 1 {
				k.Files[f.Path] = strconv.Itoa(i)
			}
		}
		must(b, client.Keep(b.Context(), k))
		must(b, staged.Commit(b.Context()))
		must(b, client.Rename(b.Context(), k.Dir, k.Dir+".done"))
		must(b, client.Close())
	}
}

// BenchmarkLarge is a file as large as a binary, staged: sent, synced and compared by its digest.
func BenchmarkLarge(b *testing.B) {
	const size = 100 << 20
	h := startHost(b, sshd.Options{})
	client, err := remote.NewDialer(h.options).Dial(b.Context(), h.node)
	must(b, err)
	defer client.Close()
	source, target := filepath.Join(b.TempDir(), "binary"), filepath.Join(b.TempDir(), "binary")
	must(b, os.WriteFile(source, make([]byte, size), 0o600))
	b.SetBytes(size)
	for b.Loop() {
		staged, err := client.Stage(b.Context(), []artifact.File{{Path: target, Mode: 0o755, Owner: me(), Content: artifact.FromFile(source)}})
		must(b, err)
		must(b, staged.Discard(b.Context()))
	}
}

// BenchmarkScp is what scp needs for the same files: neither durable nor atomic nor verified.
func BenchmarkScp(b *testing.B) {
	h := startHost(b, sshd.Options{})
	source, target := b.TempDir(), b.TempDir()
	words := []string{"-q", "-F", "none", "-i", h.IdentityFile, "-o", "UserKnownHostsFile=" + h.KnownHosts, "-P", strconv.Itoa(h.Port)}
	for _, f := range benchSet(source, 1) {
		data, err := artifact.ReadAll(f.Content)
		must(b, err)
		must(b, os.WriteFile(f.Path, data, 0o600))
		words = append(words, f.Path)
	}
	words = append(words, h.User+"@"+h.Address+":"+target)
	for b.Loop() {
		if out, err := exec.Command("scp", words...).CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
	}
}

// BenchmarkLook is a rerun with nothing to do: handshake, and one look at all files.
func BenchmarkLook(b *testing.B) {
	h := startHost(b, sshd.Options{})
	target := b.TempDir()
	var q remote.Query
	for _, f := range benchSet(target, 1) {
		q.Paths = append(q.Paths, f.Path)
		must(b, os.WriteFile(f.Path, []byte("x"), 0o600))
	}
	for b.Loop() {
		client, err := remote.NewDialer(h.options).Dial(b.Context(), h.node)
		must(b, err)
		_, err = client.Look(b.Context(), q)
		must(b, err)
		must(b, client.Close())
	}
}

// BenchmarkHandshake is the part of the above that is SSH's own.
func BenchmarkHandshake(b *testing.B) {
	h := startHost(b, sshd.Options{})
	for b.Loop() {
		client, err := remote.NewDialer(h.options).Dial(b.Context(), h.node)
		must(b, err)
		must(b, client.Close())
	}
}

// benchSet is ten keys and their certificates, other bytes each round.
func benchSet(dir string, round int) []artifact.File {
	var files []artifact.File
	for i := range benchFiles / 2 {
		stem := filepath.Join(dir, "leaf"+strconv.Itoa(i))
		text := strings.Repeat(fmt.Sprintf("round %d, file %d\n", round, i), 60)
		files = append(files, file(stem+".key", text, 0o600), file(stem+".crt", text, 0o644))
	}
	return files
}
