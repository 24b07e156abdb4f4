package plan

import (
	"path"
	"slices"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/controlplane"
	"hardway/etcd"
	"hardway/haproxy"
	"hardway/pki"
	"hardway/worker"
)

// outline is what one component will be on one node, as far as it is known before anything is made.
type outline struct {
	node cluster.Node
	component
	// files have a Source where they are copied, a Content where they are written, and neither where that is up to another
	// step.
	files    []artifact.File
	services []artifact.Service
	// binaries are executables that go along where they stand in binaries.dir.
	binaries []string
}

// statsHash stands in haproxy.cfg for what is computed from secrets.yaml.
const statsHash = "@STATS_HASH@"

// outlines is every component that the node runs, or only the one of that name.
func outlines(spec *cluster.Spec, node cluster.Node, only string) ([]outline, error) {
	var out []outline
	for _, c := range components {
		if !c.on(spec, node) || only != "all" && only != c.name {
			continue
		}
		o := outline{node: node, component: c, files: pki.Outline(spec, node, c.name)}
		files, err := o.describe(spec)
		if err != nil {
			return nil, err
		}
		o.files = append(o.files, files...)
		out = append(out, o)
	}
	return out, nil
}

// describe adds what the component itself says of its files.
func (o *outline) describe(spec *cluster.Spec) (files []artifact.File, err error) {
	switch o.name {
	case "etcd":
		o.binaries = etcd.Binaries()
		files, o.services, err = etcd.Outline(spec, o.node)
	case "controlplane":
		o.binaries = controlplane.Binaries()
		files, o.services, err = controlplane.Outline(spec, o.node)
	case "haproxy":
		files, err = haproxy.Outline(spec, o.node, statsHash)
	case "worker":
		if spec.RunsKubelet(&o.node) {
			o.binaries = worker.Binaries(spec)
		}
		files, o.services, err = worker.Outline(spec, o.node)
	}
	return files, err
}

// whole is every file with the units, in the order of their paths, directories before what is in them.
func (o outline) whole() []artifact.File {
	files := slices.Clone(o.files)
	for _, s := range o.services {
		files = append(files, artifact.File{Path: unitPath(s), Mode: 0o600, Component: o.name})
	}
	slices.SortFunc(files, byPath)
	return files
}

func unitPath(s artifact.Service) string { return artifact.UnitDir + "/" + s.Name }

func byPath(a, b artifact.File) int {
	switch {
	case a.Path < b.Path:
		return -1
	case a.Path > b.Path:
		return 1
	}
	return 0
}

// local is where a file's bytes stand in the work directory: secrets where they were made, the rest in the node's tree.
func local(node cluster.Node, f artifact.File) string {
	if f.Secret {
		return f.Source
	}
	return path.Join(artifact.HostsDir, node.Name, f.Path)
}

// unitsOf is the units that the files define or extend.
func unitsOf(files []artifact.File) []string {
	var units []string
	for _, f := range files {
		if unit, ok := artifact.UnitOf(f.Path); ok && !slices.Contains(units, unit) {
			units = append(units, unit)
		}
	}
	return units
}
