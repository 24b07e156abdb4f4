package plan

import (
	"fmt"

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
