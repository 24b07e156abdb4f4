package etcd

import (
	"hardway/artifact"
	"hardway/cluster"
)

// Outline is what Files adds to a member's certificates and executables, as far as the spec alone decides it: files, and
// the service whose inputs cannot be hashed before the certificates are made. It is empty for a node that is no member.
func Outline(spec *cluster.Spec, node cluster.Node) ([]artifact.File, []artifact.Service, error) {
	if !node.Has(cluster.RoleEtcd) {
		return nil, nil, nil
	}
	s, err := service(spec, node)
	if err != nil {
		return nil, nil, err
	}
	snapshots, err := snapshotFiles(spec, node)
	return append(ground(), snapshots...), []artifact.Service{s}, err
}
