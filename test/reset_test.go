package test

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hardway/rollout"
)

// TestResetLeavesHostsAsTheyWere takes hosts that hold something of their own through up and reset.
func TestResetLeavesHostsAsTheyWere(t *testing.T) {
	r := rehearse(t)
	node := r.spec.Hosts[0].Name
	r.ownFile(node, "etc/sysctl.d/10-own.conf", "kernel.own = 1\n", 0o640)
	r.ownFile(node, "var/lib/etcd/lost+found/own", "found", 0o600)
	before := r.disks()
	r.up()
	if slices.Equal(slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(r.disks()))) {
		t.Fatal("up has put nothing on the hosts")
	}
	dry := r.json(0, "reset", "--dry-run")
	if len(dry.Changes) == 0 || r.exits(0, "etcd", "verify").code != 0 {
		t.Fatal("a dry run says nothing, or did something")
	}
	if asked := r.exits(1, "reset"); !strings.Contains(asked.errors, "name was not typed") {
		t.Errorf("without a terminal it says: %s", asked.errors)
	}
	r.exits(0, "etcd", "verify")

	// What it goes by is on the hosts: spec and known_hosts are enough.
	r.keepOnly("cluster.yaml", "known_hosts")
	r.exits(0, "reset", "--yes")
	sameDisks(t, before, r.disks())
	if again := r.exits(0, "reset", "--yes"); !strings.Contains(again.out, "nothing of hardway's is there") {
		t.Errorf("again it says: %s", again.out)
	}
	r.up()
}

// TestResetRefusesWhatItCannotKnow: a member whose cluster goes on where this machine cannot look, and a host whose record of
// what was delivered is gone.
func TestResetRefusesWhatItCannotKnow(t *testing.T) {
	r := rehearse(t)
	r.up()
	names := func() []string { return slices.Sorted(maps.Keys(r.disks())) }
	before := names()
	first, spec := r.spec.Hosts[0].Name, filepath.Join(r.work, "cluster.yaml")
	text, err := os.ReadFile(spec)
	must(t, err)
	unreachable := strings.ReplaceAll(string(text), "roles: [etcd, control-plane]}", "roles: [etcd, control-plane], ssh: {port: 1}}")
	r.write("cluster.yaml", strings.Replace(unreachable, ", ssh: {port: 1}}", "}", 1))
	if refused := r.exits(1, "reset", "--only", first, "--yes"); !strings.Contains(refused.errors, "is a member of the cluster that goes on") {
		t.Errorf("a member of a cluster that runs elsewhere is refused with: %s", refused.errors)
	}
	r.write("cluster.yaml", string(text))
	record := filepath.Join(r.Root(first), rollout.DeliveredPath)
	data, err := os.ReadFile(record)
	must(t, err)
	must(t, os.Remove(record))
	if refused := r.exits(1, "reset", "--yes"); !strings.Contains(refused.errors, "the next delivery") {
		t.Errorf("a host without a record is refused with: %s", refused.errors)
	}
	r.exits(0, "etcd", "verify")
	must(t, os.WriteFile(record, data, 0o600))
	if after := names(); !slices.Equal(before, after) {
		t.Errorf("what stands on hosts was\n%s\nand is\n%s", before, after)
	}
	must(t, os.Remove(record))
	r.write("cluster.yaml", string(text)+"  pki: {extraSANs: [another.example.com]}\n")
	for _, step := range []string{"pki all", "render all", "distribute"} {
		r.exits(0, strings.Fields(step)...)
	}
	r.exits(0, "reset", "--yes")
}

// ownFile is a file of the host's own.
func (r *rehearsal) ownFile(host, file, text string, mode fs.FileMode) {
	r.t.Helper()
	at := filepath.Join(r.Root(host), file)
	must(r.t, os.MkdirAll(filepath.Dir(at), 0o755))
	must(r.t, os.WriteFile(at, []byte(text), mode))
	must(r.t, os.Chmod(at, mode))
}

// disks is all that stands on the hosts: modes and contents by path.
func (r *rehearsal) disks() map[string]string {
	r.t.Helper()
	all := map[string]string{}
	for _, n := range r.spec.Hosts {
		root := r.Root(n.Name)
		must(r.t, filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err != nil {
				return err
			}
			line := info.Mode().String()
			if info.Mode().IsRegular() {
				data, err := os.ReadFile(file)
				if err != nil {
					return err
				}
				line += " " + string(data)
			}
			all[n.Name+strings.TrimPrefix(file, root)] = line
			return nil
		}))
	}
	return all
}

func sameDisks(t *testing.T, before, after map[string]string) {
	t.Helper()
	for _, path := range slices.Sorted(maps.Keys(before)) {
		if now, ok := after[path]; !ok || now != before[path] {
			t.Errorf("%s was %.60q, is %.60q", path, before[path], now)
		}
	}
	for _, path := range slices.Sorted(maps.Keys(after)) {
		if _, ok := before[path]; !ok {
			t.Errorf("%s was not there", path)
		}
	}
}

// keepOnly takes everything off the work directory but these.
func (r *rehearsal) keepOnly(names ...string) {
	r.t.Helper()
	entries, err := os.ReadDir(r.work)
	must(r.t, err)
	for _, e := range entries {
		if !slices.Contains(names, e.Name()) {
			must(r.t, os.RemoveAll(filepath.Join(r.work, e.Name())))
		}
	}
}
