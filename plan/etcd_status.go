package plan

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"hardway/cluster"
	"hardway/etcd"
)

func (e *Env) etcdStatus() Step {
	return Step{
		Path:    []string{"etcd", "status"},
		Summary: "every etcd member at a glance: who leads, how large and how far each is, and what is wrong",
		Why: "What an operator looks at before anything is done to etcd. It asks the members only, not what stands on their hosts: " +
			"`etcd verify` compares that too.",
		Check:  true,
		ByHand: etcdStatusByHand,
		Plan: func(ctx context.Context) (Action, error) {
			evidence, err := e.collectEtcd(ctx, nil)
			if err != nil {
				return Action{}, err
			}
			return Action{Report: statusReport(etcd.Statuses(e.Spec, evidence))}, nil
		},
	}
}

func statusReport(rows []etcd.Status, problems []cluster.Problem) Report {
	report := Report{
		Table: Table{Header: []string{
			"MEMBER", "ID", "PEER URLS", "CLIENT URLS", "LEADER", "LEARNER", "HEALTHY", "VERSION", "DB SIZE", "IN USE", "REVISION", "HASH", "TERM", "INDEX", "ALARMS",
		}},
		Problems: problems,
	}
	for _, s := range rows {
		report.Items = append(report.Items, s)
		report.Table.Rows = append(report.Table.Rows, []string{
			s.Name, s.ID, strings.Join(s.PeerURLs, " "), strings.Join(s.ClientURLs, " "), yes(s.Leader), yes(s.Learner), yes(s.Healthy), s.Version,
			size(s.DBSize), size(s.DBInUse), strconv.FormatInt(s.Revision, 10), fmt.Sprint(s.Hash), fmt.Sprint(s.Term), fmt.Sprint(s.Index),
			strings.Join(s.Alarms, " "),
		})
	}
	return report
}

// size is bytes for a person.
func size(bytes int64) string {
	const kib = 1 << 10
	switch {
	case bytes < kib*kib:
		return fmt.Sprintf("%d KiB", bytes/kib)
	case bytes < kib*kib*kib:
		return fmt.Sprintf("%.1f MiB", float64(bytes)/(kib*kib))
	}
	return fmt.Sprintf("%.1f GiB", float64(bytes)/(kib*kib*kib))
}
