package plan

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/controlplane"
	"hardway/etcd"
	"hardway/remote"
	"hardway/rollout"
)

// The moves of a restore.
const (
	disableMove   rollout.Verb = "disable"
	sendMove      rollout.Verb = "send"
	restoreMove   rollout.Verb = "restore"
	moveAsideMove rollout.Verb = "move-aside"
	placeMove     rollout.Verb = "place"
	tidyMove      rollout.Verb = "tidy"
)

// EtcdSnapshotRestore begins the cluster anew, on all members of the spec, from a snapshot. moveAside lets it replace data,
// which is kept.
func EtcdSnapshotRestore(e *Env, file string, moveAside bool) Step {
	return Step{
		Path:    []string{"etcd", "snapshot", "restore"},
		Summary: "begin etcd anew on all members from a snapshot; refuses while any of them runs",
		Why: "Members that were restored are a new cluster with old data: all start from the same snapshot, or they are none. Revisions are " +
			"raised far above any that clients remember, or watches and caches in Kubernetes would take what is old for new. What was written " +
			"after the snapshot is gone, so the data of before is moved aside and never deleted. A run that was cut off is finished by the same command.",
		ByHand: snapshotRestoreByHand,
		Plan:   func(ctx context.Context) (Action, error) { return e.planRestore(ctx, file, moveAside) },
	}
}

// restoring is a restore that is planned.
type restoring struct {
	env      *Env
	snapshot etcd.Snapshot
	content  artifact.Content
	// aside is the name that data of before gets.
	aside string
	seen  view
}

func (e *Env) planRestore(ctx context.Context, file string, moveAside bool) (Action, error) {
	if len(e.Only) > 0 {
		return Action{}, cluster.Problems{{Subject: "--only", Message: "a snapshot is restored on all members, or they are no cluster", Hint: "leave --only out"}}
	}
	r := restoring{env: e, content: artifact.FromFile(file), aside: etcd.MemberDir + ".before-" + e.run.At.UTC().Format("20060102T150405Z")}
	var err error
	if r.snapshot, err = etcd.ReadSnapshot(file); err != nil {
		return Action{}, cluster.Problems{{Subject: file, Message: err.Error(), Hint: "take another snapshot: one that is not whole would restore less than it says"}}
	}
	if r.seen, err = e.viewMasters(ctx); err != nil {
		return Action{}, err
	}
	decision, problems, err := r.decide(moveAside)
	if err = firstOf(err, problems.OrNil()); err != nil {
		return Action{}, err
	}
	roll := r.roll(decision)
	report := lifeReport(roll)
	if roll.Empty() {
		report.Notes = []string{"nothing is left to restore"}
		return Action{Report: report}, nil
	}
	report.Notes = r.notes(decision)
	locks := changers(r.seen.hosts)
	return Action{Report: report, Locks: locks, Do: func(ctx context.Context) (Report, error) {
		return done(report, e.lifeRoller("etcd snapshot restore", locks, r.moves()).Run(ctx, roll))
	}}, nil
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// viewMasters looks at every host of etcd and of the control plane.
func (e *Env) viewMasters(ctx context.Context) (view, error) {
	wants, err := e.rendered(slices.DeleteFunc(slices.Clone(e.Spec.Hosts), func(n cluster.Node) bool {
		return !n.Has(cluster.RoleEtcd) && !n.Has(cluster.RoleControlPlane)
	}))
	if err != nil {
		return view{}, err
	}
	hosts, err := e.dial(ctx, wants)
	if err != nil {
		return view{}, err
	}
	changes, err := e.compare(ctx, hosts)
	return view{hosts: hosts, changes: changes}, err
}

func (r restoring) decide(moveAside bool) (etcd.Restore, cluster.Problems, error) {
	mark, err := etcd.Mark(r.snapshot.SHA256).SHA256()
	if err != nil {
		return etcd.Restore{}, nil, err
	}
	var facts []etcd.RestoreFacts
	var problems cluster.Problems
	for _, node := range r.env.Spec.With(cluster.RoleEtcd) {
		_, change := r.seen.of(node.Name)
		seen := rollout.EtcdFacts(change, "")
		facts = append(facts, etcd.RestoreFacts{
			Host: node.Name, Running: seen.Running, DataEmpty: seen.DataEmpty,
			Restored: change.State.Paths[etcd.RestoredMark].SHA256 == mark,
		})
		problems = append(problems, rollout.MissingBinaries(change, etcd.Component, etcd.Binary, etcd.Etcdutl)...)
	}
	decision, found := etcd.DecideRestore(facts, moveAside)
	return decision, append(problems, found...), nil
}

// roll is the restore as turns. None of its turns has a host to put back: what begins goes on from where it was left.
func (r restoring) roll(d etcd.Restore) rollout.Roll {
	var roll rollout.Roll
	turn := func(moves ...rollout.Move) {
		if moves = slices.DeleteFunc(moves, func(m rollout.Move) bool { return len(m.Hosts) == 0 }); len(moves) > 0 {
			roll.Turns = append(roll.Turns, rollout.Turn{Moves: moves})
		}
	}
	if len(d.Prepare) > 0 {
		for _, unit := range []string{controlplane.SchedulerUnit, controlplane.ControllerManagerUnit, controlplane.APIServerUnit} {
			turn(rollout.Move{Verb: rollout.Stop, Hosts: r.running(unit), What: unit, Reason: "what it has read is taken back under it"})
		}
		turn(rollout.Move{Verb: disableMove, Hosts: r.enabled(), What: etcd.Unit, Reason: "no reboot starts a member until all are restored"})
		roll.Batch = r.deliveries()
		turn(rollout.Move{Verb: rollout.Commit, Hosts: hostsOf(roll.Batch)})
	}
	turn(rollout.Move{Verb: sendMove, Hosts: d.Prepare, What: etcd.RestoreSource, Reason: fmt.Sprintf("revision %d, %s in %d keys", r.snapshot.Revision, size(r.snapshot.Size), r.snapshot.Keys)})
	turn(rollout.Move{Verb: restoreMove, Hosts: d.Prepare, What: etcd.RestoringDir, Reason: "as a member of cluster " + etcd.RestoredToken(r.env.Spec, r.snapshot.SHA256)})
	turn(
		rollout.Move{Verb: moveAsideMove, Hosts: d.MoveAside, What: etcd.MemberDir, Reason: "kept as " + r.aside},
		rollout.Move{Verb: placeMove, Hosts: d.Place, What: etcd.MemberDir, Reason: "restored on every host"},
	)
	if len(d.Start) > 0 {
		turn(
			rollout.Move{Verb: rollout.Enable, Hosts: d.Start, What: etcd.Unit, Reason: "starts at boot again"},
			rollout.Move{Verb: rollout.Start, Hosts: d.Start, What: etcd.Unit, NoWait: true, Reason: "is not running"},
		)
	}
	if len(d.Marked) > 0 {
		turn(rollout.Move{Verb: rollout.Gate, Hosts: nodeNames(r.env.Spec.With(cluster.RoleEtcd)), Asks: []rollout.Ask{rollout.AskEtcd}})
		turn(rollout.Move{Verb: tidyMove, Hosts: d.Marked, What: etcd.RestoredMark, Reason: "the restore is done"})
	}
	return roll
}

// running is the hosts that run a unit, enabled those that start their member at boot.
func (r restoring) running(unit string) []string {
	return r.hosts(func(c rollout.Change) bool { return c.State.Units[unit].Running() })
}

func (r restoring) enabled() []string {
	return r.hosts(func(c rollout.Change) bool { return c.State.Units[etcd.Unit].Enabled == "enabled" })
}

func (r restoring) hosts(fits func(rollout.Change) bool) []string {
	var out []string
	for _, c := range r.seen.changes {
		if fits(c) {
			out = append(out, c.Host)
		}
	}
	return out
}

// deliveries is what hosts still lack of etcd: machines that took the place of lost ones have nothing yet.
func (r restoring) deliveries() rollout.Batch {
	var batch rollout.Batch
	for _, node := range r.env.Spec.With(cluster.RoleEtcd) {
		if part := r.seen.part(node.Name, []string{etcd.Component}); !part.Idle() {
			batch = append(batch, part)
		}
	}
	return batch
}

func hostsOf(batch rollout.Batch) []string {
	var out []string
	for _, h := range batch {
		out = append(out, h.Change.Host)
	}
	return out
}

func (r restoring) notes(d etcd.Restore) []string {
	var notes []string
	if len(d.MoveAside) > 0 {
		notes = append(notes, fmt.Sprintf("the data of before stays on its host as %s: take it off by hand once nobody wants it", r.aside))
	}
	if len(r.env.Spec.With(cluster.RoleControlPlane)) > 0 {
		notes = append(notes, "API servers are stopped where they ran: `hardway apply controlplane` starts them again")
	}
	return notes
}

func (r restoring) moves() map[rollout.Verb]rollout.Does {
	return map[rollout.Verb]rollout.Does{
		disableMove: func(ctx context.Context, m rollout.Move, host string) error {
			return r.conn(host).Do(ctx, remote.Systemctl("disable", m.What))
		},
		sendMove:    r.send,
		restoreMove: r.restore,
		moveAsideMove: func(ctx context.Context, m rollout.Move, host string) error {
			return r.conn(host).Rename(ctx, m.What, r.aside)
		},
		placeMove: func(ctx context.Context, m rollout.Move, host string) error {
			return r.conn(host).Rename(ctx, path.Join(etcd.RestoringDir, path.Base(m.What)), m.What)
		},
		tidyMove: r.tidy,
	}
}

func (r restoring) conn(host string) remote.Changer {
	h, _ := r.seen.of(host)
	return h.conn
}

// send brings the snapshot to a host; what arrived is compared by its digest before it counts.
func (r restoring) send(ctx context.Context, _ rollout.Move, host string) error {
	return deliver(ctx, r.conn(host),
		artifact.File{Path: path.Dir(etcd.RestoreSource), Mode: fs.ModeDir | 0o700, Component: etcd.Component},
		artifact.File{Path: etcd.RestoreSource, Mode: 0o600, Component: etcd.Component, Content: r.content})
}

// restore makes the data of a member beside where it will stand. What a run that was cut off left there is made anew.
func (r restoring) restore(ctx context.Context, m rollout.Move, host string) error {
	conn := r.conn(host)
	for _, command := range []remote.Command{
		remote.RemoveAll(m.What),
		remote.EtcdRestore(etcd.RestoreSource, m.What, etcd.RestoreFlags(r.env.Spec, r.env.nodeOf(host), r.snapshot.SHA256)...),
		remote.OwnAll(m.What, etcd.Owner),
	} {
		if err := conn.Do(ctx, command); err != nil {
			return err
		}
	}
	return deliver(ctx, conn, etcd.MarkFile(r.snapshot.SHA256))
}

// tidy takes off what is only wanted by a restore that is not done.
func (r restoring) tidy(ctx context.Context, m rollout.Move, host string) error {
	if err := r.conn(host).Do(ctx, remote.RemoveAll(etcd.RestoringDir)); err != nil {
		return err
	}
	return r.conn(host).Do(ctx, remote.Remove(m.What, etcd.RestoreSource))
}

// deliver puts files in place that belong to no tree.
func deliver(ctx context.Context, conn remote.Changer, files ...artifact.File) error {
	staged, err := conn.Stage(ctx, files)
	if err != nil {
		return err
	}
	return staged.Commit(ctx)
}
