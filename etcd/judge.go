package etcd

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"hardway/cluster"
)

// Member is one row of the report on a cluster's members.
type Member struct {
	Name string `json:"name"`
	// ID is in lower-case hex; empty for a host that is in no member list.
	ID         string   `json:"id"`
	PeerURLs   []string `json:"peerURLs"`
	ClientURLs []string `json:"clientURLs"`
	Leader     bool     `json:"leader"`
	Learner    bool     `json:"learner"`
	Healthy    bool     `json:"healthy"`
	// DBSize is in bytes.
	DBSize   int64 `json:"dbSize"`
	Revision int64 `json:"revision"`
	// Hash is of the data up to a revision that all members of the report share.
	Hash uint32 `json:"hash"`
}

// Judge compares what was seen with what the spec wants: the members of the spec in its order, then strangers; and every
// disagreement, by host in the order of the spec. It only computes, and holds out against any evidence. Without units in
// the evidence it judges the members' health alone, as a gate wants it: not what is delivered, nor which version runs.
func Judge(spec *cluster.Spec, e Evidence) ([]Member, []cluster.Problem) {
	j := newJudgement(spec, e)
	for _, check := range []func(*judgement){
		(*judgement).reachable, (*judgement).oneCluster, (*judgement).listed, (*judgement).strangers, (*judgement).sameView,
		(*judgement).oneLeader, (*judgement).health, (*judgement).alarms, (*judgement).hashes, (*judgement).versions,
		(*judgement).certificates, (*judgement).units,
	} {
		check(j)
	}
	order := map[string]int{"": len(spec.Hosts)}
	for i, n := range spec.Hosts {
		order[n.Name] = i
	}
	slices.SortStableFunc(j.problems, func(a, b cluster.Problem) int { return cmp.Compare(order[a.Host], order[b.Host]) })
	return j.rows(), j.problems
}

// judgement is the evidence put in order.
type judgement struct {
	spec  *cluster.Spec
	nodes []cluster.Node
	seen  map[string]MemberEvidence
	unit  map[string]DeliveredUnit
	// main is the ID of the cluster that most of the members that answer belong to.
	main uint64
	// list is the member list of that cluster: the leader's where it answers.
	list []ListedMember
	// of is each node's row of list; rest is the rows that belong to no node.
	of   map[string]ListedMember
	rest []ListedMember

	problems []cluster.Problem
}

func newJudgement(spec *cluster.Spec, e Evidence) *judgement {
	j := &judgement{
		spec: spec, nodes: spec.With(cluster.RoleEtcd), seen: map[string]MemberEvidence{}, unit: map[string]DeliveredUnit{},
		of: map[string]ListedMember{},
	}
	for _, m := range e.Members {
		j.seen[m.Host] = m
	}
	for _, u := range e.Units {
		j.unit[u.Host] = u
	}
	j.main = j.mainCluster()
	j.list = j.mainList()
	j.match()
	return j
}

// answers is the members that answered, in the order of the spec.
func (j *judgement) answers() []MemberEvidence {
	var out []MemberEvidence
	for _, n := range j.nodes {
		if m, ok := j.seen[n.Name]; ok && m.Error == "" {
			out = append(out, m)
		}
	}
	return out
}

// inMain is the members that answered and belong to the main cluster.
func (j *judgement) inMain() []MemberEvidence {
	return slices.DeleteFunc(j.answers(), func(m MemberEvidence) bool { return m.ClusterID != j.main })
}

func (j *judgement) mainCluster() uint64 {
	var ids []uint64
	for _, m := range j.answers() {
		ids = append(ids, m.ClusterID)
	}
	return mostCommon(ids)
}

// mostCommon is the value that occurs most often, the first of them where several do.
func mostCommon[T comparable](values []T) T {
	count := map[T]int{}
	for _, v := range values {
		count[v]++
	}
	var best T
	for _, v := range values {
		if count[v] > count[best] {
			best = v
		}
	}
	return best
}

func (j *judgement) mainList() []ListedMember {
	var list []ListedMember
	for _, m := range j.inMain() {
		if m.ID == m.Leader && len(m.Listed) > 0 {
			return m.Listed
		}
		if list == nil {
			list = m.Listed
		}
	}
	return list
}

// match finds each node's row of the member list: by its name, or else by its peer URL.
func (j *judgement) match() {
	taken := make([]bool, len(j.list))
	take := func(fits func(cluster.Node, ListedMember) bool) {
		for _, n := range j.nodes {
			if _, found := j.of[n.Name]; found {
				continue
			}
			for i, l := range j.list {
				if !taken[i] && fits(n, l) {
					taken[i], j.of[n.Name] = true, l
					break
				}
			}
		}
	}
	take(func(n cluster.Node, l ListedMember) bool { return l.Name == n.Name })
	take(func(n cluster.Node, l ListedMember) bool { return slices.Contains(l.PeerURLs, n.PeerURL()) })
	for i, l := range j.list {
		if !taken[i] {
			j.rest = append(j.rest, l)
		}
	}
}

// add reports a problem of a host's member.
func (j *judgement) add(host, subject, hint, format string, args ...any) {
	j.problems = append(j.problems, cluster.Problem{
		Host: host, Subject: subject, Message: fmt.Sprintf(format, args...), Hint: hint,
	})
}

// hex is an ID as etcdctl prints and takes it.
func hex(id uint64) string { return strconv.FormatUint(id, 16) }

// etcdctl is a command for a person in the work directory, asking a member that answers, or else the first.
func (j *judgement) etcdctl(words ...string) string {
	endpoint := j.nodes[0].ClientURL()
	if alive := j.inMain(); len(alive) > 0 {
		n, _ := j.spec.Node(alive[0].Host)
		endpoint = n.ClientURL()
	}
	return fmt.Sprintf("etcdctl --endpoints=%s --cacert=pki/etcd-ca-bundle.crt --cert=pki/etcd-admin.crt --key=pki/etcd-admin.key %s",
		endpoint, strings.Join(words, " "))
}
