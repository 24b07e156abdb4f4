package cluster

import "testing"

func TestSnapshotsThatHostsSave(t *testing.T) {
	snapshots := func(text string) []string {
		return []string{"etcd: {version: v3.6.16}", "etcd: {version: v3.6.16, snapshots: {" + text + "}}"}
	}
	holdsTo(t, []rule{
		{"how often alone", snapshots("every: 6h"), nil},
		{"all of it", snapshots("every: 30m, keep: 3, dir: /srv/backup/etcd"), nil},
		{"not how often", snapshots("keep: 3"), []string{"spec.etcd.snapshots.every: is missing"}},
		{"all the time", snapshots("every: 10s"), []string{"spec.etcd.snapshots.every: is too often"}},
		{"fewer than none", snapshots("every: 6h, keep: -1"), []string{"spec.etcd.snapshots.keep: -1 keeps none"}},
		{"among the data", snapshots("every: 6h, dir: /var/lib/etcd/snapshots"), []string{"spec.etcd.snapshots.dir: is no directory that can hold"}},
		{"in the root", snapshots("every: 6h, dir: /etcd"), []string{"spec.etcd.snapshots.dir: is no directory that can hold"}},
		{"a name for a shell to chew on", snapshots("every: 6h, dir: '/srv/$(id)'"), []string{"spec.etcd.snapshots.dir: is no directory that can hold"}},
	})
}
