package plan

import (
	"context"

	"hardway/cluster"
	"hardway/etcd"
	"hardway/remote"
	"hardway/rollout"
)

// EtcdLife is the stepwise commands of etcd's operation, beside the main job.
func EtcdLife(e *Env) []Step {
	return []Step{
		e.etcdStatus(), EtcdSnapshotSave(e, "", ""), EtcdSnapshotRestore(e, "", false), EtcdReplace(e, "", Replacing{}),
		EtcdDefrag(e, false), e.etcdAlarmList(), e.etcdAlarmDisarm(),
	}
}

// askEtcdButSpace is AskEtcd where an alarm for space keeps no gate shut: it is what the run is against.
const askEtcdButSpace rollout.Ask = "etcd but for its space"

// lifeRoller carries out what is done to etcd alone, on hosts that are locked.
func (e *Env) lifeRoller(step string, hosts []remote.Changer, further map[rollout.Verb]rollout.Does) rollout.Roller {
	roller := e.roller(step, view{})
	for _, h := range hosts {
		roller.Conns[h.Host()] = h
	}
	roller.Further = further
	roller.Asks[askEtcdButSpace] = func(ctx context.Context, _ []string) []cluster.Problem {
		evidence, err := e.collectEtcd(ctx, nil)
		_, problems := etcd.Judge(e.Spec, evidence.ButSpace())
		return append(cluster.ProblemsOf(err), problems...)
	}
	return roller
}

// lifeReport is a roll in rows, in the order in which it is made; items hold the very value with its gates.
func lifeReport(roll rollout.Roll) Report {
	var report Report
	for _, row := range roll.Rows() {
		report.Changes = append(report.Changes, Change{row.Host, row.What, string(row.Verb), row.Reason})
	}
	for _, turn := range roll.Turns {
		report.Items = append(report.Items, turn)
	}
	return report
}

// nodeOf is a node of the spec by its name.
func (e *Env) nodeOf(name string) cluster.Node {
	node, _ := e.Spec.Node(name)
	return node
}
