package haproxy

import (
	"hardway/artifact"
	"hardway/cluster"
)

// Outline is what Files adds to a balancer's certificates, as far as the spec alone decides it: all of it but the hash of
// the stats page's password, which the caller gives. It is empty for a node that is no balancer.
func Outline(spec *cluster.Spec, node cluster.Node, hash string) ([]artifact.File, error) {
	if !node.Has(cluster.RoleLoadBalancer) {
		return nil, nil
	}
	files, err := configured(spec, node, hash)
	if err != nil {
		return nil, err
	}
	units, err := unitFiles(spec, node, nil)
	return append(files, units...), err
}
