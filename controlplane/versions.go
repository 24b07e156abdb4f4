package controlplane

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/version"

	"hardway/artifact"
	"hardway/cluster"
)

// The minor versions of Kubernetes 1 that this package knows.
const (
	oldestMinor = 34
	newestMinor = 37
	// caReloadMinor is the first whose clients read a CA file again (client-go's ClientsAllowCARotation): before, a CA that
	// a kubeconfig or the API server's --kubelet-certificate-authority names is read only at start.
	caReloadMinor = 36
)

// minor is the y of v1.y.z. It errs for a version this package does not know.
func minor(spec *cluster.Spec) (int, error) {
	v, err := version.ParseSemantic(spec.Kubernetes.Version)
	if err != nil {
		return 0, fmt.Errorf("failed to read spec.kubernetes.version %q: %w", spec.Kubernetes.Version, err)
	}
	if m := int(v.Minor()); v.Major() == 1 && m >= oldestMinor && m <= newestMinor {
		return m, nil
	}
	return 0, fmt.Errorf("spec.kubernetes.version %s is not supported, want v1.%d to v1.%d", spec.Kubernetes.Version, oldestMinor, newestMinor)
}

// clientCA is what it takes until a client of the API or of kubelets uses a changed CA file.
func clientCA(spec *cluster.Spec) artifact.Effect {
	if m, err := minor(spec); err != nil || m < caReloadMinor {
		return artifact.Restart
	}
	return artifact.HotAfterPoll
}
