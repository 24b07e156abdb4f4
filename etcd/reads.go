package etcd

import (
	"hardway/artifact"
	"hardway/cluster"
	"hardway/pki"
)

// reading is one flag that names a file, and what a member does with that file.
type reading struct {
	flag, path string
	uses       []use
	effect     artifact.Effect
}

// use is what a file is read for, and who is on the other side.
type use struct {
	artifact.Use
	peer string
}

// clients is who dials a member's client port besides the other side named: people, backups, hardway.
const clients = "clients"

// readings is the table of flags that name files. A member reads its pairs again at every handshake and its trusted
// authorities only at start. It presents both pairs as client too: the peer pair to other members, the server pair to
// itself, through its HTTP gateway.
func readings() []reading {
	const apiserver = "kube-apiserver.service"
	var (
		bundle  = pki.EtcdDir + "/" + pki.KubernetesBundle
		serves  = []use{{artifact.ServesWith, apiserver}, {artifact.ServesWith, clients}, {artifact.PresentsAsClient, Unit}}
		peers   = []use{{artifact.ServesWith, Unit}, {artifact.PresentsAsClient, Unit}}
		trusts  = []use{{artifact.VerifiesClients, apiserver}, {artifact.VerifiesClients, clients}, {artifact.VerifiesServers, Unit}}
		members = []use{{artifact.VerifiesClients, Unit}, {artifact.VerifiesServers, Unit}}
	)
	return []reading{
		{"cert-file", pki.Cert(pki.EtcdDir, "server"), serves, artifact.Hot},
		{"key-file", pki.Key(pki.EtcdDir, "server"), serves, artifact.Hot},
		{"trusted-ca-file", bundle, trusts, artifact.Restart},
		{"peer-cert-file", pki.Cert(pki.EtcdDir, "peer"), peers, artifact.Hot},
		{"peer-key-file", pki.Key(pki.EtcdDir, "peer"), peers, artifact.Hot},
		{"peer-trusted-ca-file", bundle, members, artifact.Restart},
	}
}

// Reads is who reads what on a node, and what a change needs before it counts; nothing for a node that is no member.
func Reads(_ *cluster.Spec, node cluster.Node) []artifact.Read {
	if !node.Has(cluster.RoleEtcd) {
		return nil
	}
	rows := []artifact.Read{{Unit: Unit, Path: Binary, Use: artifact.Configures, Effect: artifact.Restart}}
	for _, r := range readings() {
		for _, u := range r.uses {
			row := artifact.Read{Unit: Unit, Path: r.path, Use: u.Use, Peer: u.peer, Effect: r.effect}
			rows = append(rows, row)
		}
	}
	return rows
}
