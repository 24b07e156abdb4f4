package etcd

import (
	"fmt"
	"strings"

	"hardway/cluster"
)

// reachable: every member answers. One that is down because its data is gone is named as wiped; one that is in no member
// list, or was added and has not started yet, is left to listed.
func (j *judgement) reachable() {
	for _, n := range j.nodes {
		if m, seen := j.seen[n.Name]; seen && m.Error == "" || j.list != nil && j.of[n.Name].Name == "" {
			continue
		}
		j.unreachable(n)
	}
}

func (j *judgement) unreachable(n cluster.Node) {
	m, seen := j.seen[n.Name]
	unit, looked := j.unit[n.Name]
	empty := looked && unit.Error == "" && unit.DataEmpty
	hint := fmt.Sprintf("ssh %s journalctl -u etcd -n 50; then hardway apply etcd", n.Name)
	switch {
	case empty && !unit.Armed && j.formed():
		j.add(n.Name, DataDir, j.wayBack(n), "is wiped: it holds no write-ahead log, but the cluster has formed with %s in it; expected its data", n.Name)
	case empty:
		j.add(n.Name, Unit, "hardway apply etcd", "has never run: %s holds no write-ahead log and %s does not answer; expected a running member", DataDir, n.ClientURL())
	case !seen:
		j.add(n.Name, Unit, hint, "was not asked; expected a running member at %s", n.ClientURL())
	case m.Client.Error != "":
		j.add(n.Name, Unit, hint, "is down: %s does not answer: %s; expected a running member", n.ClientURL(), m.Error)
	case m.Client.ok():
		j.add(n.Name, Unit, hint, "listens on %s, but answers no question: %s", n.ClientURL(), m.Error)
	}
}

// formed: some member answers, or holds data and is not still on its first start.
func (j *judgement) formed() bool {
	holds := func(u DeliveredUnit) bool { return u.Error == "" && u.Present && !u.DataEmpty && !u.Armed }
	for _, u := range j.unit {
		if holds(u) {
			return true
		}
	}
	return len(j.answers()) > 0
}

// wayBack is how a wiped member returns: as a new member in place of the one it was, which needs a quorum of the others.
func (j *judgement) wayBack(n cluster.Node) string {
	intact := 0
	for _, other := range j.nodes {
		m, asked := j.seen[other.Name]
		u, looked := j.unit[other.Name]
		if asked && m.Error == "" || looked && u.Error == "" && !u.DataEmpty {
			intact++
		}
	}
	if intact < len(j.nodes)/2+1 {
		return "do not start it as new; too few members are left for a quorum: restore the data directories, or a snapshot on every member (etcdutl snapshot restore)"
	}
	id := "ID"
	if l, ok := j.of[n.Name]; ok {
		id = hex(l.ID)
	}
	return fmt.Sprintf("do not start it as new; %s; %s; then start it: %s",
		j.etcdctl("member remove", id), j.etcdctl("member add", n.Name, "--peer-urls="+n.PeerURL()), byHand(n.Name))
}

// oneCluster: every member belongs to the same cluster.
func (j *judgement) oneCluster() {
	for _, m := range j.answers() {
		if m.ClusterID != j.main {
			n, _ := j.spec.Node(m.Host)
			j.add(m.Host, "cluster ID", fmt.Sprintf("if nothing in it is wanted: ssh %s 'systemctl stop etcd && rm -r %s/member'; then %s", m.Host, DataDir, j.wayBack(n)),
				"belongs to another cluster: its cluster ID is %s, expected %s, that of %s", hex(m.ClusterID), hex(j.main), j.hosts(j.inMain()))
		}
	}
}

func (j *judgement) hosts(members []MemberEvidence) string {
	var names []string
	for _, m := range members {
		names = append(names, m.Host)
	}
	return strings.Join(names, ", ")
}
