package controlplane

import (
	_ "embed"

	"hardway/artifact"
	"hardway/cluster"
)

// What lets clients ask again when etcd's leader is lost: of no setting of etcd's or the API server's, both wait for such a
// write as long as they do for any (etcd: 5 s and twice the election timeout). Its unit stands where systemd looks for those of
// the administrator's software, and not among hardway's services: the API server's unit wants it, so it runs where and while
// that one does.
const (
	LostLeaderUnit   = "hardway-lost-leader.service"
	lostLeaderPath   = "/usr/local/lib/systemd/system/" + LostLeaderUnit
	lostLeaderScript = "/usr/local/lib/hardway/lost-leader"
)

//go:embed lost-leader.sh
var lostLeaderText []byte

// lostLeaderService may read the log and close connections, and no more. It is among the first to be given a processor that many
// want: clients wait for it.
const lostLeaderService = `[Unit]
Description=lets clients of the API server ask again when etcd's leader is lost
PartOf=` + APIServerUnit + `
After=` + etcdUnit + `
StartLimitIntervalSec=0

[Service]
ExecStart=` + lostLeaderScript + `
Restart=always
RestartSec=200ms
Nice=-10
CapabilityBoundingSet=CAP_NET_ADMIN
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
RestrictAddressFamilies=AF_UNIX AF_NETLINK
`

// losesLeaders: a single member has no other to take the lead.
func losesLeaders(spec *cluster.Spec) bool { return len(spec.With(cluster.RoleEtcd)) > 1 }

func lostLeaderFiles(spec *cluster.Spec) []artifact.File {
	if !losesLeaders(spec) {
		return nil
	}
	return []artifact.File{
		{Path: lostLeaderScript, Mode: 0o755, Component: Component, Content: artifact.Bytes(lostLeaderText)},
		{Path: lostLeaderPath, Mode: 0o600, Component: Component, Content: artifact.Bytes([]byte(lostLeaderService))},
	}
}

// wantsLostLeader is what of it is in the API server's own unit: that it wants the other, and its digest, so that a change of
// it is read with this one.
func wantsLostLeader(spec *cluster.Spec) (wants []string, options []artifact.Option) {
	if !losesLeaders(spec) {
		return nil, nil
	}
	digest := artifact.Digest(append([]byte(lostLeaderService), lostLeaderText...))
	return []string{LostLeaderUnit}, []artifact.Option{{Name: "X-HardwayLostLeader", Value: digest}}
}
