package etcd

import (
	"bytes"
	_ "embed"
	"fmt"
	"io/fs"
	"text/template"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/pki"
)

// Where a host's own snapshots come from. The units stand where systemd looks for those of the administrator's software, and
// not among hardway's services: etcd's unit wants the timer, so it runs where and while a member does.
const (
	snapshotUnitDir = "/usr/local/lib/systemd/system"
	snapshotScript  = "/usr/local/lib/hardway/etcd-snapshot"
	SnapshotService = "hardway-etcd-snapshot.service"
	SnapshotTimer   = "hardway-etcd-snapshot.timer"
)

//go:embed snapshots.sh.tmpl
var snapshotsTemplate string

// snapshotFiles is what saves snapshots on the host, nothing where the spec wants none.
func snapshotFiles(spec *cluster.Spec, node cluster.Node) ([]artifact.File, error) {
	s := spec.Etcd.Snapshots
	if !s.On() {
		return nil, nil
	}
	parsed, err := template.New("snapshots").Option("missingkey=error").Parse(snapshotsTemplate)
	if err != nil {
		return nil, err
	}
	var script bytes.Buffer
	err = parsed.Execute(&script, struct {
		Cluster, Dir, Endpoint, CA, Cert, Key string
		Keep, First                           int
	}{
		spec.Name, s.Dir, node.ClientURL(), pki.EtcdDir + "/" + pki.KubernetesBundle, pki.Cert(pki.EtcdDir, "server"), pki.Key(pki.EtcdDir, "server"),
		s.Keep, s.Keep + 1,
	})
	if err != nil {
		return nil, err
	}
	plain := func(path string, mode fs.FileMode, text string) artifact.File {
		return artifact.File{Path: path, Mode: mode, Component: Component, Content: artifact.Bytes([]byte(text))}
	}
	return []artifact.File{
		{Path: s.Dir, Mode: fs.ModeDir | 0o700, Owner: owner, Component: Component},
		plain(snapshotScript, 0o755, script.String()),
		plain(snapshotUnitDir+"/"+SnapshotService, 0o600, fmt.Sprintf(snapshotService, snapshotScript, s.Dir)),
		plain(snapshotUnitDir+"/"+SnapshotTimer, 0o600, fmt.Sprintf(snapshotTimer, s.Every.Duration)),
	}, nil
}

// snapshotService runs as etcd's user, with the pair that the member presents to itself.
const snapshotService = `[Unit]
Description=snapshot of this host's etcd
Documentation=https://etcd.io/docs/
After=etcd.service

[Service]
Type=oneshot
ExecStart=%s
User=etcd
Group=etcd
UMask=0077
Nice=10
TimeoutStartSec=30min
NoNewPrivileges=yes
CapabilityBoundingSet=
ProtectSystem=strict
ReadWritePaths=%s
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
`

// snapshotTimer begins anew with etcd, which wants it, and ends with it. Hosts do not all save at once.
const snapshotTimer = `[Unit]
Description=snapshots of this host's etcd, time after time
PartOf=etcd.service

[Timer]
OnActiveSec=5min
OnUnitActiveSec=%s
RandomizedDelaySec=5min
`

// wantsSnapshots is what of it is in etcd's own unit: the timer, and how often, so that a change of either is read with it.
func wantsSnapshots(spec *cluster.Spec) (wants []string, options []artifact.Option) {
	if !spec.Etcd.Snapshots.On() {
		return nil, nil
	}
	return []string{SnapshotTimer}, []artifact.Option{{Name: "X-HardwaySnapshotsEvery", Value: spec.Etcd.Snapshots.Every.String()}}
}

// SnapshotFiles is what the script calls its files, those that are not whole yet included: a path with a pattern in its last
// word, empty where the spec wants none saved.
func SnapshotFiles(spec *cluster.Spec) string {
	if !spec.Etcd.Snapshots.On() {
		return ""
	}
	return spec.Etcd.Snapshots.Dir + "/" + spec.Name + "-*.db*"
}
