package plan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strconv"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/etcd"
)

// snapshotsDir is where snapshots are saved below the work directory, unless somebody says otherwise.
const snapshotsDir = "snapshots"

// EtcdSnapshotSave saves etcd's data to a file; empty is one in the work directory that is named after the cluster and the
// time. From is the member whose data is taken although it does not run; empty is any that is healthy.
func EtcdSnapshotSave(e *Env, file, from string) Step {
	return Step{
		Path:    []string{"etcd", "snapshot", "save"},
		Summary: "save etcd's data to a file, proven whole",
		Why: "All that a Kubernetes cluster knows is in etcd. A snapshot is the only way back when too many members are lost, or when " +
			"something was deleted that should not have been. It holds every Secret: as etcd holds them, so the encryption keys belong to it.",
		ByHand: snapshotSaveByHand,
		Plan: func(ctx context.Context) (Action, error) {
			if from != "" {
				return e.planSurvivor(ctx, file, from)
			}
			return e.planSnapshot(ctx, file)
		},
	}
}

// snapshotItem is what -o json says of a snapshot that was saved.
type snapshotItem struct {
	File   string `json:"file"`
	Member string `json:"member"`
	etcd.Snapshot
}

func (e *Env) planSnapshot(ctx context.Context, file string) (Action, error) {
	evidence, err := e.collectEtcd(ctx, nil)
	if err != nil {
		return Action{}, err
	}
	from, problems := etcd.SnapshotSource(e.Spec, evidence)
	if err := problems.OrNil(); err != nil {
		return Action{}, err
	}
	file = e.snapshotFile(file)
	report := Report{Changes: []Change{{"", file, "create", fmt.Sprintf("what %s holds at revision %d, or newer", from.Host, from.Revision)}}}
	return Action{Report: report, Do: func(ctx context.Context) (Report, error) {
		return e.saveSnapshot(report, from.Host, file, func(out io.Writer) error {
			access, err := e.etcdAccess()
			if err != nil {
				return err
			}
			node, _ := e.Spec.Node(from.Host)
			return access.SaveSnapshot(ctx, node, e.counted(from.Host, from.DBSize, out))
		})
	}}, nil
}

// snapshotFile is the file as given, or one in the work directory.
func (e *Env) snapshotFile(file string) string {
	if file != "" {
		return file
	}
	return e.Work.Path(snapshotsDir, fmt.Sprintf("%s-%s.db", e.Spec.Name, e.Now().UTC().Format("20060102T150405Z")))
}

// saveSnapshot writes a file that is proven whole, or none.
func (e *Env) saveSnapshot(report Report, member, file string, fill func(io.Writer) error) (Report, error) {
	var saved etcd.Snapshot
	err := artifact.Stream(file, fill, func(draft string) (err error) {
		saved, err = etcd.ReadSnapshot(draft)
		return err
	})
	if errors.Is(err, fs.ErrExist) {
		return Report{}, cluster.Problems{{Subject: file, Message: "is there already, and no snapshot is replaced", Hint: "give another name, or none for one with the time in it"}}
	}
	if err != nil {
		return Report{}, fmt.Errorf("failed to save a snapshot of %s: %w", member, err)
	}
	report.Items = []any{snapshotItem{filepath.ToSlash(file), member, saved}}
	report.Table = Table{
		Header: []string{"FILE", "MEMBER", "REVISION", "KEYS", "SIZE", "SHA256"},
		Rows:   [][]string{{file, member, strconv.FormatInt(saved.Revision, 10), strconv.Itoa(saved.Keys), size(saved.Size), saved.SHA256}},
	}
	return report, nil
}

// counted tells how much of a stream of a host has come.
func (e *Env) counted(host string, total int64, out io.Writer) io.Writer {
	return &counter{out: out, tell: func(done int64) {
		e.say(Event{Phase: PhaseSend, Host: host, Files: &Count{0, 1}, Bytes: &Count{min(done, total), total}})
	}}
}

// counter passes bytes on and tells how many there were.
type counter struct {
	out  io.Writer
	done int64
	tell func(int64)
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.out.Write(p)
	c.done += int64(n)
	c.tell(c.done)
	return n, err
}
