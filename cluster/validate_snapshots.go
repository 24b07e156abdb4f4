package cluster

import (
	"path"
	"regexp"
	"strings"
	"time"
)

// shortestSnapshots is how often at most: a snapshot reads all of a database.
const shortestSnapshots = 5 * time.Minute

// plainPath is a path that stands in units and scripts without quoting.
var plainPath = regexp.MustCompile(`^(/[A-Za-z0-9_.-]+)+$`)

func checkSnapshots(r *review) {
	const field = "spec.etcd.snapshots"
	s := r.spec.Etcd.Snapshots
	if !s.On() {
		if s != (Snapshots{}) {
			r.report(field+".every", "write how often, as in 6h", "is missing or not above 0: without it nothing is saved")
		}
		return
	}
	if s.Every.Duration < shortestSnapshots {
		r.report(field+".every", "write 5m or more, as in 6h", "%s is too often: each reads the whole database", s.Every.Duration)
	}
	if s.Keep < 1 {
		r.report(field+".keep", "write how many to keep, as in 20", "%d keeps none", s.Keep)
	}
	inData := s.Dir == "/var/lib/etcd" || strings.HasPrefix(s.Dir, "/var/lib/etcd/")
	if !plainPath.MatchString(s.Dir) || path.Clean(s.Dir) != s.Dir || strings.Count(s.Dir, "/") < 2 || inData {
		r.report(field+".dir", "write a directory of its own, as in /var/lib/etcd-snapshots", "%q is no directory that can hold the snapshots alone", short(s.Dir))
	}
}
