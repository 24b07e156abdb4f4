package plan

import (
	"context"
	"fmt"
	"slices"

	"hardway/cluster"
	"hardway/etcd"
	"hardway/remote"
)

func (e *Env) etcdAlarmList() Step {
	return Step{
		Path:    []string{"etcd", "alarm", "list"},
		Summary: "the alarms that are raised, and what each wants",
		Why: "An alarm stops writes until somebody takes it off: NOSPACE, because a database has reached its quota, CORRUPT, because a " +
			"member's data is not what the others hold.",
		Check:  true,
		ByHand: func(spec *cluster.Spec) []Command { return []Command{{Line: etcdctl(spec, "alarm list")}} },
		Plan: func(ctx context.Context) (Action, error) {
			evidence, err := e.collectEtcd(ctx, nil)
			if err != nil {
				return Action{}, err
			}
			return Action{Report: e.alarmReport(evidence)}, nil
		},
	}
}

// alarmItem is what -o json says of an alarm.
type alarmItem struct {
	Member string `json:"member"`
	ID     string `json:"id"`
	Alarm  string `json:"alarm"`
}

// alarmReport also says who could not be asked: without an answer nobody knows of alarms.
func (e *Env) alarmReport(evidence etcd.Evidence) Report {
	rows, problems := etcd.Statuses(e.Spec, evidence)
	report := Report{Table: Table{Header: []string{"MEMBER", "ID", "ALARM"}}}
	for _, row := range rows {
		for _, alarm := range row.Alarms {
			report.Items = append(report.Items, alarmItem{row.Name, row.ID, alarm})
			report.Table.Rows = append(report.Table.Rows, []string{row.Name, row.ID, alarm})
		}
	}
	report.Problems = slices.DeleteFunc(problems, func(p cluster.Problem) bool {
		return p.Subject != etcd.AlarmSubject && p.Subject != etcd.Unit
	})
	if len(report.Items)+len(report.Problems) == 0 {
		report.Notes = []string{"no alarm is raised"}
	}
	return report
}

func (e *Env) etcdAlarmDisarm() Step {
	return Step{
		Path:    []string{"etcd", "alarm", "disarm"},
		Summary: "take the alarms off, once what raised them is gone",
		Why: "etcd itself never takes an alarm off, and while one stands nobody can write. Taken off before there is room again, NOSPACE " +
			"comes back with the next write; so this looks first.",
		ByHand: func(spec *cluster.Spec) []Command {
			return []Command{
				{Says: "every size well below the quota, " + size(etcd.QuotaBytes), Line: etcdctl(spec, "endpoint status -w table")},
				{Line: etcdctl(spec, "alarm disarm")},
			}
		},
		Plan: e.planDisarm,
	}
}

func (e *Env) planDisarm(ctx context.Context) (Action, error) {
	evidence, err := e.collectEtcd(ctx, nil)
	if err != nil {
		return Action{}, err
	}
	alarms, problems := etcd.Disarmable(e.Spec, evidence)
	if err := problems.OrNil(); err != nil {
		return Action{}, err
	}
	if len(alarms) == 0 {
		return Action{Report: Report{Notes: []string{"no alarm is raised, nothing was done"}}}, nil
	}
	var report Report
	for _, a := range alarms {
		report.Changes = append(report.Changes, Change{a.Host, etcd.AlarmSubject + " " + a.Kind, "disarm", "every database is well below its quota"})
	}
	locks, err := e.memberHosts(ctx)
	return Action{Report: report, Locks: locks, Do: func(ctx context.Context) (Report, error) {
		return done(report, e.disarm(ctx, evidence, alarms))
	}}, err
}

func (e *Env) disarm(ctx context.Context, evidence etcd.Evidence, alarms []etcd.HostAlarm) error {
	access, err := e.etcdAccess()
	if err != nil {
		return err
	}
	through, err := e.answering(evidence)
	if err != nil {
		return err
	}
	for _, a := range alarms {
		if err := access.Disarm(ctx, through, a.Alarm); err != nil {
			return err
		}
	}
	return nil
}

// answering is a member to speak through: the leader, which every other one would ask.
func (e *Env) answering(evidence etcd.Evidence) (cluster.Node, error) {
	for _, m := range evidence.Members {
		if m.Error == "" && m.ID != 0 && m.ID == m.Leader {
			node, _ := e.Spec.Node(m.Host)
			return node, nil
		}
	}
	return cluster.Node{}, cluster.Problems{{Subject: "etcd", Message: "has no leader that answers", Hint: "hardway etcd status"}}
}

// memberHosts is the connections to etcd hosts, to lock them; all have to be reachable.
func (e *Env) memberHosts(ctx context.Context) ([]remote.Changer, error) {
	nodes := e.Spec.With(cluster.RoleEtcd)
	conns := make([]remote.Changer, len(nodes))
	err := remote.ForEach(ctx, indices(nodes), e.Spec.SSH.Parallel, func(ctx context.Context, i int) error {
		conn, err := e.connect(ctx, nodes[i])
		if err != nil {
			return fmt.Errorf("%s: %w", nodes[i].Name, err)
		}
		conns[i] = conn
		return nil
	})
	return conns, err
}
