package manifests

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/version"

	"hardway/cluster"
)

// release is the images of addons that belong to a minor version of Kubernetes: of CoreDNS what kubeadm of that version
// installs, of metrics-server the newest that supports it.
type release struct{ coreDNS, metricsServer string }

var releases = map[int]release{
	34: {"v1.12.1", "v0.8.1"},
	35: {"v1.13.1", "v0.8.1"},
	36: {"v1.14.2", "v0.8.1"},
	37: {"v1.14.2", "v0.8.1"},
}

const registry = "registry.k8s.io"

// coreDNSImage is the spec's, or the one that belongs to its version.
func coreDNSImage(spec *cluster.Spec) (string, error) {
	return image(spec, spec.Addons.Images.CoreDNS, "coredns/coredns", func(r release) string { return r.coreDNS })
}

func metricsServerImage(spec *cluster.Spec) (string, error) {
	return image(spec, spec.Addons.Images.MetricsServer, "metrics-server/metrics-server", func(r release) string { return r.metricsServer })
}

// kubeRBACProxyImage is its project's newest release; it follows no version of Kubernetes.
func kubeRBACProxyImage(spec *cluster.Spec) string {
	if given := spec.Addons.Images.KubeRBACProxy; given != "" {
		return given
	}
	return "quay.io/brancz/kube-rbac-proxy:v0.20.2"
}

func image(spec *cluster.Spec, given, repository string, of func(release) string) (string, error) {
	if given != "" {
		return given, nil
	}
	v, err := version.ParseSemantic(spec.Kubernetes.Version)
	if err != nil {
		return "", fmt.Errorf("failed to read spec.kubernetes.version %q: %w", spec.Kubernetes.Version, err)
	}
	r, ok := releases[int(v.Minor())]
	if !ok {
		return "", fmt.Errorf("no image of %s is known for Kubernetes %s: name one in spec.addons.images", repository, spec.Kubernetes.Version)
	}
	return fmt.Sprintf("%s/%s:%s", registry, repository, of(r)), nil
}
