package binaries

import (
	"net/url"
	"path"
	"strings"

	"hardway/cluster"
)

// project is who releases executables, and where a release lies.
type project struct {
	name string
	// module is what the paths of the Go modules begin with that the executables are built from.
	module string
	// version and mirror are the spec's.
	version, mirror func(*cluster.Spec) string
	// file is where an executable, or an archive of all of them, lies below the mirror; sums the checksums of it. VERSION,
	// ARCH and NAME stand for what they say.
	file, sums string
}

// projects is where their own documentation says that releases lie.
func projects() []project {
	kubernetes := project{
		// https://kubernetes.io/releases/download/#binaries
		name: "kubernetes", module: "k8s.io/kubernetes",
		version: func(s *cluster.Spec) string { return s.Kubernetes.Version },
		mirror:  func(s *cluster.Spec) string { return s.Binaries.Mirror },
		file:    "release/VERSION/bin/linux/ARCH/NAME",
		sums:    "release/VERSION/bin/linux/ARCH/NAME.sha256",
	}
	etcd := project{
		// https://github.com/etcd-io/etcd/releases
		name: "etcd", module: "go.etcd.io/etcd",
		version: func(s *cluster.Spec) string { return s.Etcd.Version },
		mirror:  gitHub,
		file:    "etcd-io/etcd/releases/download/VERSION/etcd-VERSION-linux-ARCH.tar.gz",
		sums:    "etcd-io/etcd/releases/download/VERSION/SHA256SUMS",
	}
	cni := project{
		// https://github.com/containernetworking/plugins/releases
		name: "cni", module: "github.com/containernetworking/plugins",
		version: func(s *cluster.Spec) string { return s.Binaries.CNIVersion },
		mirror:  gitHub,
		file:    "containernetworking/plugins/releases/download/VERSION/cni-plugins-linux-ARCH-VERSION.tgz",
		sums:    "containernetworking/plugins/releases/download/VERSION/cni-plugins-linux-ARCH-VERSION.tgz.sha256",
	}
	return []project{etcd, kubernetes, cni}
}

func gitHub(s *cluster.Spec) string { return s.Binaries.GitHubMirror }

// archived: the executables come in one archive.
func (p project) archived() bool { return !strings.HasSuffix(p.file, "NAME") }

// at is a place below the mirror of the spec.
func (p project) at(spec *cluster.Spec, name, place string) *url.URL {
	mirror, err := url.Parse(p.mirror(spec))
	if err != nil {
		mirror = &url.URL{} // validation has refused it
	}
	fill := strings.NewReplacer("VERSION", p.version(spec), "ARCH", spec.Binaries.Arch, "NAME", path.Base(name))
	return mirror.JoinPath(fill.Replace(place))
}
