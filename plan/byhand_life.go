package plan

import (
	"fmt"
	"path"
	"strings"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/etcd"
	"hardway/pki"
)

func etcdStatusByHand(spec *cluster.Spec) []Command {
	return []Command{
		{Says: "who is in, and who only learns yet", Line: etcdctl(spec, "member list -w table")},
		{Says: "who leads, how large and how far each is, what it complains of", Line: etcdctl(spec, "endpoint status -w table")},
		{Says: "every member commits a proposal", Line: etcdctl(spec, "endpoint health -w table")},
		{Says: "the same hash on every line: the same data", Line: etcdctl(spec, "endpoint hashkv -w table")},
		{Says: "nothing is listed: an alarm stops writes", Line: etcdctl(spec, "alarm list")},
	}
}

// snapshotSaveByHand takes the first member: a person has seen by etcd status that it is well.
func snapshotSaveByHand(spec *cluster.Spec) []Command {
	file := snapshotsDir + "/" + spec.Name + "-$(date -u +%Y%m%dT%H%M%SZ).db"
	return []Command{
		private(),
		{Says: "from one member that is healthy: a snapshot is asked of one alone", Line: lines(
			"mkdir -p "+snapshotsDir,
			"file="+file,
			etcdctlOn(spec.With(cluster.RoleEtcd)[0], "snapshot save \"$file\""))},
		{Says: "whole, by the digest behind its data", Line: `etcdutl snapshot status "$file" -w table`},
	}
}

// etcdctlOn asks one member with the operator's certificate.
func etcdctlOn(n cluster.Node, question string) string {
	return lines(
		"etcdctl --endpoints="+quote(n.ClientURL())+` \`,
		fmt.Sprintf(`  --cacert=%s --cert=%s --key=%s \`, pki.File(pki.EtcdBundle), pki.CertFile("", etcdClient), pki.KeyFile("", etcdClient)),
		"  "+question)
}

// defragByHand goes through the members; which of them leads, and so comes last, a person sees.
func defragByHand(spec *cluster.Spec) []Command {
	commands := []Command{{Says: "every line healthy, and who leads: that member comes last", Line: etcdctl(spec, "endpoint status -w table")}}
	return append(commands, perNode(spec.With(cluster.RoleEtcd), func(n cluster.Node) []Command {
		return []Command{
			{Says: n.Name + ": it serves nobody until this is done (" + etcd.Unit + " stays up)", Line: etcdctlOn(n, "defrag --command-timeout=10m")},
			{Says: "all are well again before the next", Line: etcdctl(spec, "endpoint health")},
		}
	})...)
}

// snapshotFileHere is the file in what a person types; docs and help name it FILE.
const snapshotFileHere = "$FILE"

// snapshotRestoreByHand is for hosts on which etcd was delivered and does not run.
func snapshotRestoreByHand(spec *cluster.Spec) []Command {
	commands := []Command{{
		Says: "which snapshot; it is whole, by the digest behind its data",
		Line: lines(`: "${FILE:?set FILE to the snapshot}"`, "etcdutl snapshot status "+quoted(snapshotFileHere)+" -w table"),
	}}
	for _, c := range []struct{ says, line string }{
		{"API servers stop: what they have read is taken back under them", "systemctl stop kube-scheduler kube-controller-manager kube-apiserver 2>/dev/null || true"},
		{"no member runs, and no reboot starts one", "systemctl disable " + etcd.Unit + " && ! systemctl is-active -q " + etcd.Unit},
		{"the data of before is kept", "[ ! -e " + etcd.MemberDir + " ] || mv " + etcd.MemberDir + " " + etcd.MemberDir + ".before-$(date -u +%Y%m%dT%H%M%SZ)"},
	} {
		commands = append(commands, onMembers(spec, c.says, always(c.line))...)
	}
	commands = append(commands, perNode(spec.With(cluster.RoleEtcd), func(n cluster.Node) []Command {
		h := handOn(spec, n)
		return []Command{
			h.here("the snapshot, readable for root alone", "cat "+quoted(snapshotFileHere)+" | "+h.pipe("umask 077 && mkdir -p "+path.Dir(etcd.RestoreSource)+" && cat >"+etcd.RestoreSource)),
			h.on("its data, as a member of a cluster with a token of its own; revisions are raised above all that clients remember", restoreLine(spec, n)),
		}
	})...)
	commands = append(commands, onMembers(spec, "at every boot again, and now: a member is ready once it has met the others",
		always("rm -f "+etcd.RestoreSource+" && systemctl enable "+etcd.Unit+" && systemctl start --no-block "+etcd.Unit))...)
	return append(commands, awaitHealth(spec))
}

func quoted(word string) string { return `"` + word + `"` }

func restoreLine(spec *cluster.Spec, n cluster.Node) string {
	flags := etcd.RestoreFlags(spec, n, "restored")
	words := append([]string{etcd.Etcdutl, "snapshot", "restore", etcd.RestoreSource, "--data-dir=" + etcd.RestoringDir}, flags...)
	return allOf([]string{
		"rm -rf " + etcd.RestoringDir,
		quoteAll(words),
		"chown -R " + etcd.Owner + " " + etcd.RestoringDir,
		"mv " + etcd.RestoringDir + "/member " + etcd.MemberDir,
	})
}

// replaceByHand is for the member that is named in MEMBER, with the commands of the spec's last etcd host as the example.
func replaceByHand(spec *cluster.Spec) []Command {
	nodes := spec.With(cluster.RoleEtcd)
	n, healthy := nodes[len(nodes)-1], nodes[0]
	h := handOn(spec, n)
	return []Command{
		{Says: "as " + n.Name + " is replaced; a quorum of the others has to be healthy", Line: etcdctl(spec, "endpoint health || true")},
		{Says: "the dead one goes, by its ID", Line: lines(
			"old=$("+etcdctlOn(healthy, "member list")+" | awk -F', ' '$3 == \""+n.Name+"\" {print $1}')",
			"[ -z \"$old\" ] || "+etcdctlOn(healthy, "member remove \"$old\""))},
		h.on("what it held is kept, and is no member's any more", "systemctl stop "+etcd.Unit+"; [ ! -e "+etcd.MemberDir+" ] || mv "+etcd.MemberDir+" "+etcd.MemberDir+".before-$(date -u +%Y%m%dT%H%M%SZ)"),
		{Says: "a learner does not count for the quorum", Line: etcdctlOn(healthy, "member add "+n.Name+" --learner --peer-urls="+n.PeerURL())},
		h.on("may start without data, this once, into the cluster that it was added to", joinLine()),
		{Says: "gets its vote once it has caught up; refused before", Line: lines(
			"new=$("+etcdctlOn(healthy, "member list")+" | awk -F', ' '$4 == \""+n.PeerURL()+"\" {print $1}')",
			fmt.Sprintf("for ((i = 0; i < %d; i++)); do", int(spec.Rollout.GateTimeout.Seconds())),
			indent(etcdctlOn(healthy, "member promote \"$new\"")+" && break", "  "),
			"  sleep 1",
			"done")},
		{Line: etcdctl(spec, "endpoint health")},
	}
}

func joinLine() string {
	text, err := artifact.ReadAll(etcd.JoinEnv().Content)
	if err != nil {
		return "false"
	}
	return fmt.Sprintf("mkdir -p %s && echo %s >%s && systemctl enable %s && systemctl start --no-block %s",
		path.Dir(etcd.BootstrapPath), quote(strings.TrimSpace(string(text))), etcd.BootstrapPath, etcd.Unit, etcd.Unit)
}
