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

// supported errs for a version that this package does not know.
func supported(spec *cluster.Spec) error {
	v, err := version.ParseSemantic(spec.Kubernetes.Version)
	if err != nil {
		return fmt.Errorf("failed to read spec.kubernetes.version %q: %w", spec.Kubernetes.Version, err)
	}
	if m := int(v.Minor()); v.Major() == 1 && m >= oldestMinor && m <= newestMinor {
		return nil
	}
	return fmt.Errorf("spec.kubernetes.version %s is not supported, want v1.%d to v1.%d", spec.Kubernetes.Version, oldestMinor, newestMinor)
}
