package worker

import (
	"io/fs"
	"slices"
	"strings"

	"hardway/artifact"
	"hardway/binaries"
	"hardway/cluster"
	"hardway/kubeconfig"
	"hardway/pki"
)

// Files is everything that a node holds to run pods, and a master to reach them, sorted by path; nothing for other hosts.
// The same spec and work directory give the same bytes. An error names what is missing in the work directory and what makes
// it.
func Files(spec *cluster.Spec, node cluster.Node, store *pki.Store) ([]artifact.File, error) {
	if !On(spec, node) {
		return nil, nil
	}
	files, err := ground(spec, node, store)
	if err != nil {
		return nil, err
	}
	described, err := described(spec, node)
	if err != nil {
		return nil, err
	}
	files = append(files, described...)
	for _, s := range services(spec, node) {
		f, err := s.File(Component, files, Reads(spec, node))
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	slices.SortFunc(files, func(a, b artifact.File) int { return strings.Compare(a.Path, b.Path) })
	return files, nil
}

// ground is what comes from the work directory: certificates and executables.
func ground(spec *cluster.Spec, node cluster.Node, store *pki.Store) ([]artifact.File, error) {
	if !spec.RunsKubelet(&node) {
		return nil, nil
	}
	files, err := store.Files(node, Component)
	if err != nil {
		return nil, err
	}
	executables, err := binaries.Files(store.WorkDir(), spec, Component, Binaries(spec)...)
	return append(files, executables...), err
}

// described is what the spec alone decides, but for units.
func described(spec *cluster.Spec, node cluster.Node) ([]artifact.File, error) {
	files, err := networkFiles(spec, node)
	if err != nil || !spec.RunsKubelet(&node) {
		return files, err
	}
	files = append(files, directories()...)
	for _, make := range []func() (artifact.File, error){
		func() (artifact.File, error) { return containerdConfig(spec) },
		func() (artifact.File, error) { return kubeletConfig(spec, node) },
		func() (artifact.File, error) { return kubeProxyConfig(spec, node) },
		func() (artifact.File, error) { return kubeconfig.OnHost(spec, node, kubeletUser) },
		func() (artifact.File, error) { return kubeconfig.OnHost(spec, node, kubeProxyUser) },
	} {
		f, err := make()
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	dropIn, err := containerdDropIn(files, Reads(spec, node))
	return append(files, dropIn...), err
}

func directories() []artifact.File {
	var out []artifact.File
	for _, d := range []struct {
		path string
		mode fs.FileMode
	}{{containerdDir, 0o755}, {KubeletDir, 0o700}, {KubeletDropInDir, 0o700}} {
		out = append(out, artifact.File{Path: d.path, Mode: fs.ModeDir | d.mode, Component: Component})
	}
	return out
}

// Outline is what Files adds to a node's certificates and executables: files, and the services whose inputs cannot be
// hashed before the certificates are made. It is empty for a host that has neither pods nor a way to them.
func Outline(spec *cluster.Spec, node cluster.Node) ([]artifact.File, []artifact.Service, error) {
	if !On(spec, node) {
		return nil, nil, nil
	}
	files, err := described(spec, node)
	return files, services(spec, node), err
}

// Reads is who reads what of this package on a node.
func Reads(spec *cluster.Spec, node cluster.Node) []artifact.Read {
	var out []artifact.Read
	add := func(unit string, rows []artifact.Read) {
		for _, r := range rows {
			r.Unit = unit
			out = append(out, r)
		}
	}
	if routed(spec, node) {
		add(RoutesUnit, routesReads(spec, node))
	}
	if spec.RunsKubelet(&node) {
		add(ContainerdUnit, containerdReads(spec))
		add(KubeletUnit, kubeletReads(spec))
		add(KubeProxyUnit, kubeProxyReads(spec))
	}
	return out
}
