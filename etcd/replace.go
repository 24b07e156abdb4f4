package etcd

import (
	"fmt"
	"slices"
	"strings"

	"hardway/cluster"
)

// ReplaceFacts is what is known before a member is replaced, or while an earlier run of that is gone on with.
type ReplaceFacts struct {
	// Running: the unit has a main process. Armed: it may start without data, as a member that was added.
	Running, Armed bool
	// DataEmpty: nothing stands in MemberDir; LogEmpty: there is no write-ahead log.
	DataEmpty, LogEmpty bool
}

// Replacement is what is left to do, in order, to have a member in the place of a dead one.
type Replacement struct {
	// Remove is the member to remove; zero for none. Its row says whether it voted.
	Remove ListedMember
	// Stop: a process runs that is no member any more. MoveAside: data stands there that is no member's any more.
	Stop, MoveAside bool
	Add, Arm, Start bool
	Promote         bool
	// Well is the hosts whose members are healthy now: gates ask them.
	Well []string
}

// Idle reports whether nothing is left to do.
func (r Replacement) Idle() bool { return !r.Promote }

// DecideReplace decides from what every member said, and from what the host of the member holds, what is left to do. Without
// a quorum of the others nothing may be done. force replaces a member that has all its data and could just be started.
func DecideReplace(spec *cluster.Spec, e Evidence, node cluster.Node, facts ReplaceFacts, force bool) (Replacement, cluster.Problems) {
	j := newJudgement(spec, e)
	rows := j.rows()
	var r Replacement
	for i, n := range j.nodes {
		if rows[i].Healthy {
			r.Well = append(r.Well, n.Name)
		}
	}
	row, listed := j.of[node.Name]
	if slices.Contains(r.Well, node.Name) && !corrupt(e, row.ID) && !force {
		return Replacement{Well: r.Well}, nil
	}
	others := slices.DeleteFunc(slices.Clone(r.Well), func(name string) bool { return name == node.Name })
	if problems := j.mayChange(node, row, others); len(problems) > 0 {
		return r, problems
	}
	r.plan(node, row, listed, facts)
	if r.Remove.ID != 0 && listed && !row.Learner && intact(node, row, facts) && !corrupt(e, row.ID) && !force {
		return r, cluster.Problems{{
			Host: node.Name, Subject: Unit, Message: "has its data and is a member still: it can be started, and needs no replacing",
			Hint: "hardway apply etcd; where its data is no good, --yes replaces it all the same and moves that aside",
		}}
	}
	return r, nil
}

// mayChange: a quorum votes without the member, and the list is the spec's otherwise: a new member starts only where both
// agree.
func (j *judgement) mayChange(node cluster.Node, row ListedMember, others []string) cluster.Problems {
	voters := 0
	var problems cluster.Problems
	for _, l := range j.list {
		if !l.Learner {
			voters++
		}
	}
	if quorum := voters/2 + 1; j.list == nil || len(others) < quorum {
		return cluster.Problems{{
			Host: node.Name, Subject: "quorum", Message: fmt.Sprintf("cannot be replaced: of %d voting members %d besides it are healthy (%s), and %d are needed", voters, len(others), strings.Join(others, ", "), quorum),
			Hint: "start the members that can be started (hardway apply etcd); where too many are lost for good, docs/etcd.md says how a snapshot or the survivor brings the cluster back",
		}}
	}
	for _, n := range j.nodes {
		if l, ok := j.of[n.Name]; n.Name != node.Name && (!ok || !slices.Equal(l.PeerURLs, []string{n.PeerURL()})) {
			problems = append(problems, cluster.Problem{
				Host: n.Name, Subject: "member list", Message: fmt.Sprintf("has %s there, the spec says %s: the new member would not start", urls(l.PeerURLs), n.PeerURL()),
				Hint: "hardway etcd verify says what to do; one member after the other",
			})
		}
	}
	for _, l := range j.rest {
		if l.ID != row.ID {
			problems = append(problems, cluster.Problem{
				Subject: "member list", Message: fmt.Sprintf("has the stranger %s (%q, %s): the new member would not start", hex(l.ID), l.Name, urls(l.PeerURLs)),
				Hint: j.etcdctl("member remove", hex(l.ID)),
			})
		}
	}
	return problems
}

// plan is what is left to do, by how far it has come: the row of the member list says what was decided, the host what was
// done there. Data is moved aside before a member is added, so data under a learner that never told its name is the
// learner's own if the host is armed for it.
func (r *Replacement) plan(node cluster.Node, row ListedMember, listed bool, f ReplaceFacts) {
	r.Promote = true
	ours := slices.Equal(row.PeerURLs, []string{node.PeerURL()})
	switch {
	case listed && row.Learner && ours && row.Name == "" && f.Armed:
		r.Start = !f.Running
	case listed && row.Learner && ours && row.Name == "":
		r.Stop, r.MoveAside, r.Arm, r.Start = f.Running, !f.DataEmpty, true, true
	case listed && row.Learner && ours && !f.LogEmpty:
		r.Start = !f.Running
	default:
		if listed {
			r.Remove = row
		}
		r.Stop, r.MoveAside, r.Add, r.Arm, r.Start = f.Running, !f.DataEmpty, true, true, true
	}
}

// intact: the member has its log and lives where it always did.
func intact(node cluster.Node, row ListedMember, f ReplaceFacts) bool {
	return !f.LogEmpty && slices.Equal(row.PeerURLs, []string{node.PeerURL()})
}

func corrupt(e Evidence, id uint64) bool {
	return slices.Contains(e.Alarms(), Alarm{MemberID: id, Kind: Corrupt})
}
