package plan

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"

	"hardway/cluster"
	"hardway/etcd"
	"hardway/remote"
)

// planSurvivor takes the data of a member that is stopped, where too few are left for a healthy one to ask. It only reads
// there: the survivor can be asked again, whatever becomes of the restore. etcd started with --force-new-cluster would
// change the only copy there is.
func (e *Env) planSurvivor(ctx context.Context, file, from string) (Action, error) {
	node, ok := e.Spec.Node(from)
	if !ok || !node.Has(cluster.RoleEtcd) {
		return Action{}, cluster.Problems{{Subject: "--from-member", Message: fmt.Sprintf("%s is no etcd host of the spec", from), Hint: "one of " + fmt.Sprint(nodeNames(e.Spec.With(cluster.RoleEtcd)))}}
	}
	conn, err := e.connect(ctx, node)
	if err != nil {
		return Action{}, err
	}
	state, err := conn.Look(ctx, remote.Query{Paths: []string{etcd.DatabasePath}, Units: []string{etcd.Unit}})
	if err != nil {
		return Action{}, err
	}
	seen := state.Paths[etcd.DatabasePath]
	switch {
	case state.Units[etcd.Unit].Running():
		return Action{}, cluster.Problems{{
			Host: from, Subject: etcd.Unit, Message: "runs: its database is written to while it would be read",
			Hint: fmt.Sprintf("while it is healthy `hardway etcd snapshot save` asks it; else, ssh %s systemctl stop etcd", from),
		}}
	case !seen.Exists:
		return Action{}, cluster.Problems{{Host: from, Subject: etcd.DatabasePath, Message: "is missing: the member holds no data", Hint: "take that of another member, or a snapshot that was saved before"}}
	}
	file = e.snapshotFile(file)
	report := Report{
		Changes: []Change{{"", file, "create", "what " + from + " held when it stopped"}},
		Notes:   []string{"what other members had and " + from + " had not is not in it"},
	}
	return Action{Report: report, Locks: []remote.Changer{conn}, Do: func(ctx context.Context) (Report, error) {
		return e.saveSnapshot(report, from, file, func(out io.Writer) error {
			return e.copyDatabase(ctx, conn, e.counted(from, seen.Size, out))
		})
	}}, nil
}

// copyDatabase copies a database and puts its SHA-256 behind it, as a member that is asked for a snapshot does.
func (e *Env) copyDatabase(ctx context.Context, conn Conn, out io.Writer) error {
	in, err := conn.Open(ctx, etcd.DatabasePath)
	if err != nil {
		return err
	}
	defer in.Close()
	sum := sha256.New()
	if _, err := io.Copy(io.MultiWriter(out, sum), in); err != nil {
		return fmt.Errorf("failed to copy %s: %w", etcd.DatabasePath, err)
	}
	_, err = out.Write(sum.Sum(nil))
	return err
}
