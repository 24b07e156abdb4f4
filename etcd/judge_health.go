package etcd

import (
	"fmt"
	"slices"
	"strings"

	"hardway/cluster"
)

// What problems with how members get on are about.
const (
	leaderSubject = "leader"
	healthSubject = "health"
)

// AboutHealth reports whether a problem is that a member lacks the others: whom it follows, and what it answers.
func AboutHealth(p cluster.Problem) bool {
	return p.Subject == leaderSubject || p.Subject == healthSubject
}

// oneLeader: all members of the cluster follow the same leader in the same term.
func (j *judgement) oneLeader() {
	type reign struct{ leader, term uint64 }
	var reigns []reign
	members := j.inMain()
	for _, m := range members {
		reigns = append(reigns, reign{m.Leader, m.Term})
	}
	common := mostCommon(reigns)
	if known := func(l ListedMember) bool { return l.ID == common.leader }; common.leader != 0 && !slices.ContainsFunc(j.list, known) {
		j.add("", leaderSubject, j.etcdctl("endpoint status --cluster"), "member %s leads, and is in no member list; expected one of the members", hex(common.leader))
	}
	for i, m := range members {
		switch {
		case m.Leader == 0:
			j.add(m.Host, leaderSubject, "start the members that are down; a quorum elects a leader by itself",
				"knows no leader; expected one that all members follow")
		case reigns[i] != common && common.leader != 0:
			j.add(m.Host, leaderSubject, fmt.Sprintf("look at the network between members: ssh %s journalctl -u etcd -n 50", m.Host),
				"follows leader %s in term %d; expected leader %s in term %d, as most members do", hex(m.Leader), m.Term, hex(common.leader), common.term)
		}
	}
}

// health: every member of the cluster serves reads that need the leader, and complains of nothing.
func (j *judgement) health() {
	for _, m := range j.answers() {
		hint := fmt.Sprintf("ssh %s journalctl -u etcd -n 50", m.Host)
		if m.ReadError != "" && m.Leader != 0 {
			j.add(m.Host, healthSubject, hint, "does not serve a linearizable read: %s", m.ReadError)
		}
		if m.ListError != "" {
			j.add(m.Host, "member list", hint, "does not tell its member list: %s", m.ListError)
		} else if len(m.Listed) == 0 && !m.Learner {
			j.add(m.Host, "member list", hint, "tells an empty member list; expected the etcd hosts of the spec")
		}
		for _, line := range m.StatusErrors {
			if m.Leader != 0 {
				j.add(m.Host, healthSubject, hint, "reports an error: %s", line)
			}
		}
	}
}

// alarms: none is raised, for whichever member and by whichever member known.
func (j *judgement) alarms() {
	var told []Alarm
	for _, m := range j.inMain() {
		for _, a := range m.Alarms {
			if slices.Contains(told, a) {
				continue
			}
			told = append(told, a)
			j.add(j.hostOf(a.MemberID), AlarmSubject, j.disarm(a), "alarm %s is raised for member %s; expected none", a.Kind, hex(a.MemberID))
		}
	}
}

func (j *judgement) disarm(a Alarm) string {
	if a.Kind == NoSpace {
		return "make room, then take the alarm off: hardway etcd defrag --compact && hardway etcd alarm disarm"
	}
	return fmt.Sprintf("the member's data is not what the others hold: take it out and add it anew: %s", j.etcdctl("member remove", hex(a.MemberID)))
}

// hostOf is the node with that member ID, empty for none.
func (j *judgement) hostOf(id uint64) string {
	for _, n := range j.nodes {
		if l, ok := j.of[n.Name]; ok && l.ID == id {
			return n.Name
		}
		if m, ok := j.seen[n.Name]; ok && m.Error == "" && m.ID == id {
			return n.Name
		}
	}
	return ""
}

// dataSubject is what problems with a member's data are about.
const dataSubject = "data"

// hashes: all members hold the same data at the same revision. Hashes of different compactions say nothing.
func (j *judgement) hashes() {
	groups := map[[2]int64][]MemberEvidence{}
	for _, m := range j.inMain() {
		switch {
		case m.Hash.Error != "":
			j.add(m.Host, dataSubject, fmt.Sprintf("ssh %s journalctl -u etcd -n 50", m.Host), "does not tell the hash of its data at revision %d: %s", m.Hash.Revision, m.Hash.Error)
		case !m.Learner:
			at := [2]int64{m.Hash.Revision, m.Hash.Compacted}
			groups[at] = append(groups[at], m)
		}
	}
	for _, members := range groups {
		var values []uint32
		for _, m := range members {
			values = append(values, m.Hash.Value)
		}
		common := mostCommon(values)
		for _, m := range members {
			if m.Hash.Value != common {
				j.add(m.Host, dataSubject, fmt.Sprintf("stop it before it serves more of it: ssh %s systemctl stop etcd; then %s", m.Host, j.etcdctl("member remove", hex(m.ID))),
					"holds other data than most members: its hash at revision %d is %d, expected %d", m.Hash.Revision, m.Hash.Value, common)
			}
		}
	}
}

// versions: every member runs the etcd that the spec asks for. Judged only where somebody looked at the hosts: a gate in
// the middle of an upgrade has to open on members that are well and not yet upgraded.
func (j *judgement) versions() {
	for _, m := range j.answers() {
		_, looked := j.unit[m.Host]
		if want := strings.TrimPrefix(j.spec.Etcd.Version, "v"); looked && m.Version != want {
			j.add(m.Host, "version", "put the right etcd into binaries.dir, then: hardway render etcd && hardway apply etcd", "runs etcd %s; expected %s", m.Version, want)
		}
	}
}
