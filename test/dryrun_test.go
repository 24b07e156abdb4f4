package test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hardway/etcd"
)

// A dry run leaves work directory, hosts and etcd's revision as they are: before anything was done, when everything is
// done, and when there is something to mend.
func TestDryRunsLeaveEverythingAsItIs(t *testing.T) {
	steps := []string{
		"validate", "pki all", "kubeconfig all", "encryption-config", "render all", "diff", "distribute", "apply etcd", "etcd verify",
		"pki list", "certs check", "hosts trust", "explain", "up",
	}
	r := rehearse(t)
	dryRuns := func(when string) {
		before := r.everything()
		for _, step := range steps {
			// What a step needs may be missing yet: only what it leaves behind counts.
			r.hardway(append(strings.Fields(step), "--dry-run")...)
			if after := r.everything(); !maps.Equal(before, after) {
				t.Fatalf("%s, %s --dry-run changed something: %v", when, step, changed(before, after))
			}
		}
	}
	dryRuns("in the beginning")
	r.prepare()
	dryRuns("with everything rendered")
	r.up()
	revision := r.revision()
	dryRuns("with everything up")
	if after := r.revision(); after != revision {
		t.Errorf("etcd's revision is %s, was %s", after, revision)
	}
	flip(t, filepath.Join(r.Root("kmaster1"), "/etc/etcd/pki/peer.crt"))
	must(t, os.Remove(filepath.Join(r.work, "pki/kmaster1/apiserver.crt")))
	dryRuns("with something to mend")
	if after := r.revision(); after != revision {
		t.Errorf("etcd's revision is %s, was %s", after, revision)
	}
	r.exits(0, "up", "--skip", skipped)
}

// everything is the digests of the work directory and of what hosts hold, and etcd's processes.
func (r *rehearsal) everything() map[string]string {
	r.t.Helper()
	state := r.deliveredState()
	for host, pid := range r.etcdPIDs() {
		state["etcd of "+host] = fmt.Sprint(pid)
	}
	err := filepath.WalkDir(r.work, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil || !d.Type().IsRegular() {
			state[path] = fmt.Sprint(info.Mode())
			return err
		}
		data, err := os.ReadFile(path)
		state[path] = fmt.Sprintf("%v %v %x", info.Mode(), info.ModTime(), sha256.Sum256(data))
		return err
	})
	must(r.t, err)
	return state
}

func changed(before, after map[string]string) []string {
	var paths []string
	for path := range after {
		if before[path] != after[path] {
			paths = append(paths, path)
		}
	}
	for path := range before {
		if _, ok := after[path]; !ok {
			paths = append(paths, path)
		}
	}
	return paths
}

// revision is etcd's, as `etcd verify` reports it of every member, whatever else it finds.
func (r *rehearsal) revision() string {
	r.t.Helper()
	var doc document
	got := r.hardway("etcd", "verify", "-o", "json")
	must(r.t, json.Unmarshal([]byte(got.out), &doc))
	seen := map[int64]bool{}
	for _, item := range doc.Items {
		var m etcd.Member
		must(r.t, json.Unmarshal(item, &m))
		seen[m.Revision] = true
	}
	return fmt.Sprint(seen)
}
