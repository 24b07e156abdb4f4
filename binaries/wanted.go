package binaries

import (
	"net/url"
	"path"
	"slices"
	"strings"

	"hardway/cluster"
)

// Binary is an executable that hosts of a spec need, of the version that belongs there.
type Binary struct {
	// Name is its path in binaries.dir, as in kubelet or cni/bridge.
	Name string
	// Project is who releases it: kubernetes, etcd or cni.
	Project       string
	Version, Arch string
	// URL is the release's file: the executable, or an archive that holds it (Archived). Sums is the checksums of it.
	URL, Sums *url.URL
	Archived  bool
	// module is what the path of the Go module begins with that it is built from.
	module string
}

// executable is who needs what.
type executable struct {
	name, project string
	needs         func(*cluster.Spec, cluster.Node) bool
}

// CNIPrefix is the directory of CNI plugins in binaries.dir.
const CNIPrefix = "cni/"

// executables is every executable that hardway delivers. What a distribution packages well, hosts have from there: HAProxy,
// keepalived, containerd and runc.
func executables() []executable {
	kubelet := func(s *cluster.Spec, n cluster.Node) bool {
		return slices.ContainsFunc(s.Kubelets(), func(k cluster.Node) bool { return k.Name == n.Name })
	}
	bridge := func(s *cluster.Spec, n cluster.Node) bool {
		return s.Worker.CNI == "bridge" && s.Worker.CNIBinDir == CNIDir && kubelet(s, n)
	}
	var all []executable
	for _, row := range []struct {
		project string
		needs   func(*cluster.Spec, cluster.Node) bool
		names   []string
	}{
		{"etcd", has(cluster.RoleEtcd), []string{"etcd", "etcdctl", "etcdutl"}},
		{"kubernetes", has(cluster.RoleControlPlane), []string{"kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl"}},
		{"kubernetes", kubelet, []string{"kubelet", "kube-proxy"}},
		{"cni", bridge, []string{CNIPrefix + "bridge", CNIPrefix + "host-local", CNIPrefix + "loopback", CNIPrefix + "portmap"}},
	} {
		for _, name := range row.names {
			all = append(all, executable{name, row.project, row.needs})
		}
	}
	return all
}

func has(role cluster.Role) func(*cluster.Spec, cluster.Node) bool {
	return func(_ *cluster.Spec, n cluster.Node) bool { return n.Has(role) }
}

// Wanted is the executables that these hosts of the spec need, in the order of projects.
func Wanted(spec *cluster.Spec, nodes []cluster.Node) []Binary {
	var out []Binary
	for _, e := range executables() {
		if slices.ContainsFunc(nodes, func(n cluster.Node) bool { return e.needs(spec, n) }) {
			out = append(out, e.of(spec))
		}
	}
	return out
}

// known is the executable of that name in binaries.dir, as the spec wants it.
func known(spec *cluster.Spec, name string) (Binary, bool) {
	for _, e := range executables() {
		if e.name == name {
			return e.of(spec), true
		}
	}
	return Binary{}, false
}

func (e executable) of(spec *cluster.Spec) Binary {
	all := projects()
	p := all[slices.IndexFunc(all, func(p project) bool { return p.name == e.project })]
	return Binary{
		Name: e.name, Project: p.name, Version: p.version(spec), Arch: spec.Binaries.Arch, Archived: p.archived(), module: p.module,
		URL: p.at(spec, e.name, p.file), Sums: p.at(spec, e.name, p.sums),
	}
}

// base is its name without a directory.
func (b Binary) base() string { return path.Base(b.Name) }

// flat is its name as that of one file.
func (b Binary) flat() string { return strings.ReplaceAll(b.Name, "/", "-") }
