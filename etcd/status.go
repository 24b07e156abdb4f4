package etcd

import "hardway/cluster"

// Status is a row of the report on members, with what each says of itself besides.
type Status struct {
	Member
	// Alarms is the kinds of those raised for the member: NOSPACE, CORRUPT.
	Alarms []string `json:"alarms"`
	// Version is of the etcd that runs, as in 3.6.16.
	Version string `json:"version"`
	// Term and Index are Raft's; Applied is how far of Index the member's data is.
	Term    uint64 `json:"raftTerm"`
	Index   uint64 `json:"raftIndex"`
	Applied uint64 `json:"raftAppliedIndex"`
	// DBInUse is how many bytes of DBSize hold data: a defragmentation gives the rest back.
	DBInUse int64 `json:"dbInUse"`
}

// Statuses is Judge with rows that say more.
func Statuses(spec *cluster.Spec, e Evidence) ([]Status, []cluster.Problem) {
	members, problems := Judge(spec, e)
	alarms := map[string][]string{}
	for _, a := range e.Alarms() {
		alarms[hex(a.MemberID)] = append(alarms[hex(a.MemberID)], a.Kind)
	}
	seen := map[string]MemberEvidence{}
	for _, m := range e.Members {
		if m.Error == "" {
			seen[hex(m.ID)] = m
		}
	}
	rows := make([]Status, len(members))
	for i, row := range members {
		m := seen[row.ID]
		rows[i] = Status{
			Member: row, Alarms: append([]string{}, alarms[row.ID]...), Version: m.Version,
			Term: m.Term, Index: m.Index, Applied: m.Applied, DBInUse: m.DBInUse,
		}
	}
	return rows, problems
}

// Alarms is every alarm that any member knows of, each once.
func (e Evidence) Alarms() []Alarm {
	var all []Alarm
	told := map[Alarm]bool{}
	for _, m := range e.Members {
		for _, a := range m.Alarms {
			if !told[a] {
				told[a], all = true, append(all, a)
			}
		}
	}
	return all
}
