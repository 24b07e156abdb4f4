package plan

import (
	"context"
	"fmt"
	"slices"

	"hardway/cluster"
	"hardway/etcd"
	"hardway/rollout"
)

// The moves of a defragmentation.
const (
	compactMove rollout.Verb = "compact"
	defragMove  rollout.Verb = "defragment"
)

// EtcdDefrag writes every member's database anew, one at a time; history is forgotten first where that is asked for.
func EtcdDefrag(e *Env, compact bool) Step {
	return Step{
		Path:    []string{"etcd", "defrag"},
		Summary: "give back the space that members no longer need, one at a time, the leader last",
		Why: "Deleted and compacted data leaves holes: a database only ever grows, until it reaches its quota and takes no more writes. " +
			"A member that is defragmented serves nobody until it is done, so all others have to be well, and the leader hands its lead away first.",
		ByHand: defragByHand,
		Plan:   func(ctx context.Context) (Action, error) { return e.planDefrag(ctx, compact) },
	}
}

func (e *Env) planDefrag(ctx context.Context, compact bool) (Action, error) {
	nodes, err := e.nodes()
	if err != nil {
		return Action{}, err
	}
	evidence, err := e.collectEtcd(ctx, nil)
	if err != nil {
		return Action{}, err
	}
	rows, problems := etcd.Statuses(e.Spec, evidence.ButSpace())
	if err := cluster.Problems(problems).OrNil(); err != nil {
		return Action{}, err
	}
	locks, err := e.memberHosts(ctx)
	if err != nil {
		return Action{}, err
	}
	roll := defragRoll(nodeNames(nodes), rows, compact)
	report := lifeReport(roll)
	return Action{Report: report, Locks: locks, LocksEtcd: true, Do: func(ctx context.Context) (Report, error) {
		if err := e.lifeRoller("etcd defrag", locks, e.defragMoves()).Run(ctx, roll); err != nil {
			return Report{}, err
		}
		return e.defragReport(ctx, report, rows)
	}}, nil
}

// defragRoll is a turn for each member that is chosen, the leader last.
func defragRoll(chosen []string, rows []etcd.Status, compact bool) rollout.Roll {
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b etcd.Status) int { return ranked(a) - ranked(b) })
	var members []string
	for _, row := range rows {
		members = append(members, row.Name)
	}
	gate := rollout.Move{Verb: rollout.Gate, Hosts: members, Asks: []rollout.Ask{askEtcdButSpace}}
	var roll rollout.Roll
	if leader := members[len(members)-1]; compact {
		roll.Turns = append(roll.Turns, rollout.Turn{Moves: []rollout.Move{{
			Verb: compactMove, Hosts: []string{leader}, What: etcd.Unit, Reason: "all members forget the history before now",
		}}})
	}
	for _, row := range rows {
		if slices.Contains(chosen, row.Name) {
			roll.Turns = append(roll.Turns, defragTurn(row, len(members) > 1, gate))
		}
	}
	return roll
}

func ranked(row etcd.Status) int {
	if row.Leader {
		return 1
	}
	return 0
}

// defragTurn has no host to put back: a member that failed at it goes on with the database it had.
func defragTurn(row etcd.Status, others bool, gate rollout.Move) rollout.Turn {
	moves := []rollout.Move{gate}
	if row.Leader && others {
		moves = append(moves, rollout.Move{Verb: rollout.MoveLeader, Hosts: []string{row.Name}, What: etcd.Unit})
	}
	reason := fmt.Sprintf("%s of its %s hold data", size(row.DBInUse), size(row.DBSize))
	return rollout.Turn{Moves: append(moves, rollout.Move{Verb: defragMove, Hosts: []string{row.Name}, What: etcd.Unit, Reason: reason}, gate)}
}

func (e *Env) defragMoves() map[rollout.Verb]rollout.Does {
	return map[rollout.Verb]rollout.Does{
		compactMove: func(ctx context.Context, _ rollout.Move, host string) error {
			access, err := e.etcdAccess()
			if err != nil {
				return err
			}
			return access.CompactNow(ctx, e.nodeOf(host))
		},
		defragMove: func(ctx context.Context, _ rollout.Move, host string) error {
			access, err := e.etcdAccess()
			if err != nil {
				return err
			}
			return access.Defragment(ctx, e.nodeOf(host))
		},
	}
}

// defragItem is what -o json says of a member's database.
type defragItem struct {
	Member string `json:"member"`
	Before int64  `json:"dbSizeBefore"`
	After  int64  `json:"dbSize"`
	InUse  int64  `json:"dbInUse"`
}

// defragReport says what it came to.
func (e *Env) defragReport(ctx context.Context, report Report, before []etcd.Status) (Report, error) {
	evidence, err := e.collectEtcd(ctx, nil)
	if err != nil {
		return Report{}, err
	}
	rows, _ := etcd.Statuses(e.Spec, evidence)
	report.Items, report.Table = nil, Table{Header: []string{"MEMBER", "DB SIZE BEFORE", "DB SIZE", "IN USE"}}
	for i, row := range rows {
		report.Items = append(report.Items, defragItem{row.Name, before[i].DBSize, row.DBSize, row.DBInUse})
		report.Table.Rows = append(report.Table.Rows, []string{row.Name, size(before[i].DBSize), size(row.DBSize), size(row.DBInUse)})
	}
	report.Notes = nil
	if len(evidence.Alarms()) > 0 {
		report.Notes = []string{"an alarm is raised still, and nobody can write: `hardway etcd alarm disarm` takes it off"}
	}
	return report, nil
}
