package controlplane

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/version"

	"hardway/cluster"
)

// The minor versions of Kubernetes 1 that this package knows.
const (
	oldestMinor = 34
	newestMinor = 37
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
