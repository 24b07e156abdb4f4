package pki

import (
	"path"

	"hardway/artifact"
	"hardway/cluster"
)

// Files is everything of the PKI that a node holds for a component (etcd, controlplane, haproxy, worker), directories
// first: leaves with their keys, bundles, and on masters the signer and the service-account pair. Keys are only named
// by where their bytes come from. The error is a cluster.Problems that names each file that is missing or does not
// belong to its key, and the command that makes it.
func (s *Store) Files(node cluster.Node, component string) ([]artifact.File, error) {
	var files []artifact.File
	var problems cluster.Problems
	add := func(more []artifact.File, err error) error {
		files = append(files, more...)
		return collect(&problems, err)
	}
	for _, p := range placements() {
		if p.component != component || !p.on(s.spec, node) {
			continue
		}
		if err := add(s.placed(p)); err != nil {
			return nil, err
		}
	}
	for _, r := range s.catalogue().byNode[node.Name] {
		for _, h := range r.Holders {
			if h.Component != component {
				continue
			}
			if err := add(s.held(r, h)); err != nil {
				return nil, err
			}
		}
	}
	return files, problems.OrNil()
}

// placed is a row of the placements as a host's file.
func (s *Store) placed(p placement) ([]artifact.File, error) {
	f := artifact.File{Path: path.Join(p.dir, p.base), Mode: p.mode, Owner: p.owner, Component: p.component}
	if p.source == "" {
		return []artifact.File{f}, nil
	}
	if p.secret {
		return s.secretFile(f, p.source)
	}
	data, err := s.public(p.source)
	if err != nil {
		return nil, err
	}
	if p.first {
		certs, err := parseCertificates(data)
		if err != nil {
			return nil, problem(p.source, "hardway pki ca", "%v", err)
		}
		data = encodeCertificates(certs[0])
	}
	f.Content = artifact.Bytes(data)
	return []artifact.File{f}, nil
}

// held is a leaf's pair as two files of a host.
func (s *Store) held(r Request, h Holder) ([]artifact.File, error) {
	certs, _, err := s.leafPair(r)
	if err != nil {
		return nil, err
	}
	return []artifact.File{
		{Path: Cert(h.Dir, h.Base), Mode: 0o644, Component: h.Component, Content: artifact.Bytes(encodeCertificates(certs...))},
		{Path: Key(h.Dir, h.Base), Mode: h.KeyMode, Owner: h.KeyOwner, Secret: true, Source: r.KeyFile(), Component: h.Component,
			Content: s.work.File(r.KeyFile())},
	}, nil
}

func (s *Store) secretFile(f artifact.File, source string) ([]artifact.File, error) {
	key, err := s.readKey(source)
	if err != nil {
		return nil, err
	}
	if key == nil {
		return nil, s.missingKey(source)
	}
	f.Secret, f.Source, f.Content = true, source, s.work.File(source)
	return []artifact.File{f}, nil
}

// public is the content of a file that is no secret and has to be there.
func (s *Store) public(source string) ([]byte, error) {
	data, err := s.read(source)
	if err == nil && data == nil {
		err = missing(source, groupOf(source))
	}
	return data, err
}

// missingKey is missing for a private key that may be kept elsewhere on purpose.
func (s *Store) missingKey(source string) error {
	if row := authorityRow(Kubernetes); source == row.KeyFile() && s.exists(row.CertFile()) {
		return problem(source, "put it there; where it is kept elsewhere, set spec.pki.signOnMasters to false",
			"it is missing, and the controller-manager is to sign with it")
	}
	return missing(source, groupOf(source))
}

func missing(file, group string) error {
	return problem(file, "hardway pki "+group, "it is missing")
}

// groupOf is the subcommand that makes a file that is no leaf.
func groupOf(file string) string {
	for _, row := range Authorities() {
		if file == row.CertFile() || file == row.KeyFile() || file == row.BundleFile() {
			return row.Group
		}
	}
	return "service-account"
}
