package etcd

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"hardway/artifact"
	"hardway/cluster"
)

// Where a restore works on a host. The restored directory is on the file system of the data, so that it gets its name at once.
const (
	// MemberDir is where etcd keeps all of a member's data: the database, snapshots and the write-ahead log.
	MemberDir = DataDir + "/member"
	// DatabasePath is the database in it.
	DatabasePath = MemberDir + "/snap/db"
	RestoringDir = DataDir + "/.hardway-restore"
	// RestoreSource is the snapshot on the host, while it is restored.
	RestoreSource = "/var/lib/hardway/restore/snapshot.db"
	// RestoredMark stands in a member's data until the whole cluster runs on what was restored, and says from which snapshot.
	RestoredMark = MemberDir + "/restored-from"
	// Etcdutl works on data of members that do not run.
	Etcdutl = "/usr/local/bin/etcdutl"
)

// revisionBump is by how much the revision is raised. Clients remember revisions, watches and caches of Kubernetes among
// them: one that went back would have them miss changes, or take old objects for new. etcd's guide takes this number, a
// million writes a minute for half a day: https://etcd.io/docs/v3.6/op-guide/recovery/.
const revisionBump = 1_000_000_000

// RestoreFlags is what etcdutl has to know to make the data of one member, from the spec and the snapshot's SHA-256. The
// restored cluster has an ID of its own, by its token: members that were away, with data of before, are strangers to it.
func RestoreFlags(spec *cluster.Spec, node cluster.Node, sha256 string) []string {
	return []string{
		"--name=" + node.Name,
		"--initial-cluster=" + spec.InitialCluster(),
		"--initial-cluster-token=" + RestoredToken(spec, sha256),
		"--initial-advertise-peer-urls=" + node.PeerURL(),
		"--bump-revision=" + strconv.Itoa(revisionBump),
		"--mark-compacted",
	}
}

// RestoredToken is the token of a cluster that was restored from a snapshot.
func RestoredToken(spec *cluster.Spec, sha256 string) string {
	return fmt.Sprintf("%s-%.16s", spec.Name, sha256)
}

// Mark is the content of RestoredMark.
func Mark(sha256 string) artifact.Content { return artifact.Bytes([]byte("sha256:" + sha256 + "\n")) }

// MarkFile is the mark as it is put into the restored data, before that gets its name.
func MarkFile(sha256 string) artifact.File {
	return artifact.File{
		Path: RestoringDir + strings.TrimPrefix(RestoredMark, DataDir), Mode: 0o600, Owner: owner, Component: Component, Content: Mark(sha256),
	}
}

// Owner is user and group of a member's data.
const Owner = owner

// RestoreFacts is what a host says of its member before a restore.
type RestoreFacts struct {
	Host string
	// Running: the unit has a main process.
	Running bool
	// DataEmpty: nothing stands in MemberDir.
	DataEmpty bool
	// Restored: the data is what this very restore made, in an earlier run.
	Restored bool
}

// Restore is what is left to do of a restore, in order. Prepare and Place are done on all hosts before what comes next;
// MoveAside is those of Place that hold data, which is kept.
type Restore struct {
	Prepare, MoveAside, Place, Start []string
	// Marked is the hosts that carry the mark of an unfinished restore, or will.
	Marked []string
}

// DecideRestore decides what is left to do. A cluster that runs, or holds data that nobody said may be moved aside, is
// refused; one that an earlier run of this restore left half done is finished.
func DecideRestore(facts []RestoreFacts, moveAside bool) (Restore, cluster.Problems) {
	var r Restore
	running, restored := 0, 0
	for _, f := range facts {
		if f.Running {
			running++
		}
		if f.Restored {
			restored++
		}
	}
	if restored > 0 && (restored == len(facts) || running == len(facts)) {
		// All of it was put in place; at most the start and the tidying are left.
		return decideStarted(facts), nil
	}
	var problems cluster.Problems
	for _, f := range facts {
		switch {
		case f.Running:
			problems = append(problems, stillRuns(f, facts))
		case !f.Restored && !f.DataEmpty && !moveAside:
			problems = append(problems, holdsData(f.Host))
		}
		if r.Marked, r.Start = append(r.Marked, f.Host), append(r.Start, f.Host); f.Restored {
			continue
		}
		if r.Prepare, r.Place = append(r.Prepare, f.Host), append(r.Place, f.Host); !f.DataEmpty {
			r.MoveAside = append(r.MoveAside, f.Host)
		}
	}
	if len(problems) > 0 {
		return Restore{}, problems
	}
	return r, nil
}

func decideStarted(facts []RestoreFacts) Restore {
	var r Restore
	for _, f := range facts {
		if !f.Running {
			r.Start = append(r.Start, f.Host)
		}
		if f.Restored {
			r.Marked = append(r.Marked, f.Host)
		}
	}
	return r
}

func stillRuns(f RestoreFacts, all []RestoreFacts) cluster.Problem {
	var hosts []string
	for _, other := range all {
		if other.Running {
			hosts = append(hosts, other.Host)
		}
	}
	slices.Sort(hosts)
	return cluster.Problem{
		Host: f.Host, Subject: Unit, Message: "runs: a snapshot is restored only where no member does, for all of them start anew from it",
		Hint: fmt.Sprintf("if what it holds is to be given up for the snapshot: for h in %s; do ssh $h systemctl stop etcd; done", strings.Join(hosts, " ")),
	}
}

func holdsData(host string) cluster.Problem {
	return cluster.Problem{
		Host: host, Subject: MemberDir, Message: "holds a member's data, which a restore would replace",
		Hint: "--move-aside keeps it beside the new, as " + MemberDir + ".before-TIME; nothing is deleted",
	}
}
