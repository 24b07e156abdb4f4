package etcd

import (
	"fmt"
	"slices"
	"strings"

	"hardway/cluster"
)

// listed: every node of the spec is in the member list, under its name, with its URLs, as a voting member.
func (j *judgement) listed() {
	if j.list == nil {
		return
	}
	for _, n := range j.nodes {
		l, ok := j.of[n.Name]
		if !ok {
			j.add(n.Name, "member list", j.enter(n), "is missing from the member list; expected %s=%s", n.Name, n.PeerURL())
			continue
		}
		j.row(n, l)
	}
}

// enter is how a node becomes a member: with an empty data directory, because what a removed member held counts no more.
func (j *judgement) enter(n cluster.Node) string {
	empty := ""
	if u, looked := j.unit[n.Name]; !looked || !u.DataEmpty {
		empty = fmt.Sprintf("; ssh %s 'systemctl stop etcd && rm -rf %s/member'", n.Name, DataDir)
	}
	return j.etcdctl("member add", n.Name, "--peer-urls="+n.PeerURL()) + empty + "; then start it: " + byHand(n.Name)
}

// row compares a node's row of the member list.
func (j *judgement) row(n cluster.Node, l ListedMember) {
	if !slices.Equal(l.PeerURLs, []string{n.PeerURL()}) {
		j.add(n.Name, "peer URL", j.etcdctl("member update", hex(l.ID), "--peer-urls="+n.PeerURL()),
			"is listed with peer URL %s; expected %s", urls(l.PeerURLs), n.PeerURL())
	}
	switch {
	case l.Name == "":
		j.add(n.Name, "member list", "start it: "+byHand(n.Name), "was added as member %s and has never started; expected a running member", hex(l.ID))
	case l.Name != n.Name:
		j.add(n.Name, "name", "hardway render etcd && hardway apply etcd", "is listed as %q; expected %q", l.Name, n.Name)
	}
	// A member tells its client URLs when it first gets ready.
	if len(l.ClientURLs) > 0 && !slices.Equal(l.ClientURLs, []string{n.ClientURL()}) {
		j.add(n.Name, "client URL", "hardway render etcd && hardway apply etcd", "is listed with client URL %s; expected %s", urls(l.ClientURLs), n.ClientURL())
	}
	if m, seen := j.seen[n.Name]; seen && m.Error == "" && m.ClusterID == j.main && m.ID != l.ID {
		j.add(n.Name, "member ID", j.etcdctl("member list"), "answers as member %s, but is listed as member %s", hex(m.ID), hex(l.ID))
	}
	if l.Learner || j.seen[n.Name].Learner {
		j.add(n.Name, "learner", j.etcdctl("member promote", hex(l.ID)), "member %s is a learner; expected a voting member", hex(l.ID))
	}
}

func urls(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ",")
}

// strangers: nobody but the spec's nodes is in the member list.
func (j *judgement) strangers() {
	for _, l := range j.rest {
		j.add("", "member list", j.etcdctl("member remove", hex(l.ID)), "member %s (%q, %s) is a stranger: expected only the etcd hosts of the spec",
			hex(l.ID), l.Name, urls(l.PeerURLs))
	}
}

// sameView: all members of the cluster have the same member list.
func (j *judgement) sameView() {
	want := view(j.list)
	for _, m := range j.inMain() {
		if m.Listed != nil && view(m.Listed) != want {
			j.add(m.Host, "member list", fmt.Sprintf("look whether it follows the leader: ssh %s journalctl -u etcd -n 50", m.Host),
				"has another member list than the others: %s; expected %s", view(m.Listed), want)
		}
	}
}

// view is a member list on one line, in the order of IDs.
func view(list []ListedMember) string {
	var rows []string
	for _, l := range list {
		rows = append(rows, fmt.Sprintf("%s=%s=%s", hex(l.ID), l.Name, urls(l.PeerURLs)))
	}
	slices.Sort(rows)
	return strings.Join(rows, " ")
}

// Listed is a node's row of the member list, by its name or its peer URL, and whether there is one. known is false where no
// member of the cluster has told the list.
func Listed(spec *cluster.Spec, e Evidence, node cluster.Node) (row ListedMember, listed, known bool) {
	j := newJudgement(spec, e)
	for _, l := range j.list {
		if l.Name == node.Name || slices.Equal(l.PeerURLs, []string{node.PeerURL()}) {
			return l, true, true
		}
	}
	return row, false, j.list != nil
}
