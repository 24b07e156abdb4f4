package etcd

import (
	"fmt"
	"path"

	"hardway/artifact"
)

// BootstrapPath lets a member without data start, while it stands: as the first start of a whole cluster, or as a member
// that was just added to one. Below /run, so that no reboot brings it back; the unit takes it off as soon as the member
// is ready.
const BootstrapPath = "/run/hardway/etcd-bootstrap.env"

// stateVariable is how etcd is told in its environment whether it begins a cluster or is part of one.
const stateVariable = "ETCD_INITIAL_CLUSTER_STATE"

// BootstrapEnv is the file at BootstrapPath that lets a member begin a new cluster. It is part of no host's tree: it is written only when
// DecideStart says so.
func BootstrapEnv() artifact.File {
	return artifact.File{
		Path: BootstrapPath, Mode: 0o644, Component: Component, Content: artifact.Bytes([]byte(stateVariable + "=new\n")),
	}
}

// byHand is how a member that was just added to a running cluster is started with its empty data directory.
func byHand(host string) string {
	return fmt.Sprintf("ssh %s 'mkdir -p %s && echo %s=existing > %s && systemctl start etcd'", host, path.Dir(BootstrapPath), stateVariable, BootstrapPath)
}
