package plan

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/etcd"
	"hardway/remote"
)

func (e *Env) etcdVerify() Step {
	return Step{
		Path:    []string{"etcd", "verify"},
		Summary: "prove that spec, member list, peer certificates and delivered units all agree, and that every member is well",
		Why: "A process that runs is no proof of a cluster. This asks every member for its own view and compares: who is in, who leads, " +
			"what is served on the wire, whether the data is the same everywhere.",
		Check:  true,
		ByHand: etcdVerifyByHand,
		Plan: func(ctx context.Context) (Action, error) {
			members, problems, err := e.judgeEtcd(ctx, e.deliveredUnits(ctx))
			return Action{Report: memberReport(members, problems)}, err
		},
	}
}

// deliveredUnits reads what stands on each etcd host; a host that cannot be looked at is itself a finding.
func (e *Env) deliveredUnits(ctx context.Context) []etcd.DeliveredUnit {
	nodes := e.Spec.With(cluster.RoleEtcd)
	units := make([]etcd.DeliveredUnit, len(nodes))
	_ = remote.ForEach(ctx, indices(nodes), e.Spec.SSH.Parallel, func(ctx context.Context, i int) error {
		unit, err := e.deliveredUnit(ctx, nodes[i])
		if err != nil {
			unit = etcd.DeliveredUnit{Host: nodes[i].Name, Error: err.Error()}
		}
		units[i] = unit
		return nil
	})
	return units
}

// deliveredUnit is known already where a step of the same run has compared the host and found the unit as it should be.
func (e *Env) deliveredUnit(ctx context.Context, node cluster.Node) (etcd.DeliveredUnit, error) {
	const path = artifact.UnitDir + "/" + etcd.Unit
	if seen, ok := e.looks.last(node.Name); ok {
		if unit, ok := seen.Stands(path); ok {
			content, err := artifact.ReadAll(unit.Content)
			return unitFacts(node, content, seen.State), err
		}
	}
	conn, err := e.connect(ctx, node)
	if err != nil {
		return etcd.DeliveredUnit{}, err
	}
	state, err := conn.Look(ctx, remote.Query{Paths: []string{etcd.LogDir, etcd.BootstrapPath}})
	if err != nil {
		return etcd.DeliveredUnit{}, err
	}
	unit, err := conn.ReadFile(ctx, path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return etcd.DeliveredUnit{}, err
	}
	return unitFacts(node, unit, state), nil
}

func unitFacts(node cluster.Node, unit []byte, seen remote.State) etcd.DeliveredUnit {
	wal := seen.Paths[etcd.LogDir]
	facts := etcd.UnitFacts(node.Name, unit, !wal.Exists || wal.Empty)
	facts.Armed = seen.Paths[etcd.BootstrapPath].Exists
	return facts
}

func memberReport(members []etcd.Member, problems []cluster.Problem) Report {
	report := Report{
		Table:    Table{Header: []string{"MEMBER", "ID", "PEER URLS", "LEADER", "LEARNER", "HEALTHY", "DB SIZE", "REVISION", "HASH"}},
		Problems: problems,
	}
	for _, m := range members {
		report.Items = append(report.Items, m)
		report.Table.Rows = append(report.Table.Rows, []string{
			m.Name, m.ID, strings.Join(m.PeerURLs, " "), yes(m.Leader), yes(m.Learner), yes(m.Healthy),
			fmt.Sprintf("%d KiB", m.DBSize/1024), strconv.FormatInt(m.Revision, 10), fmt.Sprint(m.Hash),
		})
	}
	return report
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
