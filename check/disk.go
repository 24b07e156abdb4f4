package check

import (
	"slices"
	"time"

	"hardway/cluster"
)

const (
	// leastDisk and goodDisk are in KiB. The database may grow to 8 GiB, and logs and snapshots stand beside it.
	leastDisk = 1 << 20
	goodDisk  = 10 << 20
	// slowFsync is what etcd wants of 99 of 100 writes to its log:
	// https://etcd.io/docs/v3.6/faq/#what-does-the-etcd-warning-failed-to-send-out-heartbeat-on-time-mean
	slowFsync = 10 * time.Millisecond
)

func etcdDisk(_ *Survey, h *Host) []Row {
	d := h.Facts.Disk
	switch {
	case d.Size == 0:
		return unknown("look at `df` there", "the host did not say")
	case d.Free < leastDisk:
		return failed("make room, or mount a larger disk at /var/lib/etcd", "%s free at %s, want %s", megabytes(d.Free), d.Path, megabytes(leastDisk))
	case d.Free < goodDisk && !h.Facts.Paths["/var/lib/etcd/member"]:
		return warning("mount a larger disk at /var/lib/etcd: the database may grow to 8 GiB", "%s free at %s", megabytes(d.Free), d.Path)
	}
	return ok("%s free at %s", megabytes(d.Free), d.Path)
}

func etcdFsync(_ *Survey, h *Host) []Row {
	if path, denied := h.Facts.Denied["fsync"]; denied {
		return unknown("log in as root or set ssh.sudo", "nothing can be written at %s", path)
	}
	if len(h.Facts.Fsyncs) == 0 {
		return unknown("its own metrics tell: etcd_disk_wal_fsync_duration_seconds", "not measured: a member's data is there")
	}
	all := slices.Sorted(slices.Values(h.Facts.Fsyncs))
	at := all[(len(all)*99+99)/100-1].Round(10 * time.Microsecond)
	if at > slowFsync {
		return warning("put /var/lib/etcd on a faster disk, and on one of its own: members that wait for it lose their leader",
			"99 of 100 synchronous writes take up to %s, want %s", at, slowFsync)
	}
	return ok("99 of 100 synchronous writes take up to %s", at)
}

func oddMembers(s *Survey) []Row {
	n := len(s.Spec.With(cluster.RoleEtcd))
	if n == 0 {
		return nil
	}
	if n%2 == 0 {
		return failed("add one or take one away", "%d members survive no more losses than %d", n, n-1)
	}
	return ok("%d", n)
}
