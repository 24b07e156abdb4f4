package controlplane

import (
	"io"
	"slices"

	"hardway/artifact"
	"hardway/cluster"
)

// Outline is what Files adds to a master's certificates and executables, as far as the spec alone decides it: files, of
// which the configuration of encryption is only named, and the services whose inputs cannot be hashed before the
// certificates are made. It is empty for a node that is no master.
func Outline(spec *cluster.Spec, node cluster.Node) ([]artifact.File, []artifact.Service, error) {
	if !isMaster(node) {
		return nil, nil, nil
	}
	if err := supported(spec); err != nil {
		return nil, nil, err
	}
	files, err := configs(spec, node)
	if err != nil {
		return nil, nil, err
	}
	encryption := Encryption{}.file()
	encryption.Content = nil
	return slices.Concat(directories(), files, []artifact.File{encryption}), services(spec, node), nil
}

// FirstEncryption is the configuration of encryption that a cluster begins with, its key read from random.
func FirstEncryption(spec *cluster.Spec, random io.Reader) ([]byte, error) {
	plan, err := planNew(spec, random)
	if err != nil {
		return nil, err
	}
	return plan.Files[0].Data, nil
}
