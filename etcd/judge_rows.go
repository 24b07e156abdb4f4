package etcd

import "slices"

// rows is the report: nodes in the order of the spec, then strangers.
func (j *judgement) rows() []Member {
	rows := []Member{}
	for _, n := range j.nodes {
		row := Member{Name: n.Name, PeerURLs: []string{}, ClientURLs: []string{}}
		if l, ok := j.of[n.Name]; ok {
			row = rowOf(l)
		}
		m, seen := j.seen[n.Name]
		if seen && m.Error == "" {
			row.ID, row.Learner = hex(m.ID), row.Learner || m.Learner
			row.Leader = m.Leader == m.ID && m.ClusterID == j.main
			row.DBSize, row.Revision, row.Hash = m.DBSize, m.Revision, m.Hash.Value
			row.Healthy = j.healthy(m) && !row.Learner
		}
		rows = append(rows, row)
	}
	for _, l := range j.rest {
		rows = append(rows, rowOf(l))
	}
	return rows
}

func rowOf(l ListedMember) Member {
	return Member{
		Name: l.Name, ID: hex(l.ID), Learner: l.Learner,
		PeerURLs: append([]string{}, l.PeerURLs...), ClientURLs: append([]string{}, l.ClientURLs...),
	}
}

// healthy: the member serves its part of the main cluster, and nothing is wrong with it.
func (j *judgement) healthy(m MemberEvidence) bool {
	raised := slices.ContainsFunc(m.Alarms, func(a Alarm) bool { return a.MemberID == m.ID })
	return m.ClusterID == j.main && m.Leader != 0 && m.ReadError == "" && len(m.StatusErrors) == 0 && !raised
}
