package pki

import (
	"path"

	"hardway/artifact"
	"hardway/cluster"
)

// Outline is Files before any certificate is made: what a node will hold for a component, directories first, each file
// without its content but with its Source, certificates too.
func Outline(spec *cluster.Spec, node cluster.Node, component string) []artifact.File {
	var files []artifact.File
	for _, p := range placements() {
		if p.component == component && p.on(spec, node) {
			files = append(files, artifact.File{
				Path: path.Join(p.dir, p.base), Mode: p.mode, Owner: p.owner, Secret: p.secret, Source: p.source, Component: component,
			})
		}
	}
	for _, r := range Catalogue(spec) {
		for _, h := range r.Holders {
			if h.Component == component && h.Node == node.Name {
				files = append(files, h.pair(r)...)
			}
		}
	}
	return files
}

// pair is a leaf's certificate and key at this place.
func (h Holder) pair(r Request) []artifact.File {
	return []artifact.File{
		{Path: Cert(h.Dir, h.Base), Mode: 0o644, Source: r.CertFile(), Component: h.Component},
		{Path: Key(h.Dir, h.Base), Mode: h.KeyMode, Owner: h.KeyOwner, Secret: true, Source: r.KeyFile(), Component: h.Component},
	}
}
