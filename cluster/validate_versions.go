package cluster

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/version"
)

// series is a minor version that hardway can build a cluster of, from a patch on.
type series struct {
	major, minor, patch uint
	// anyMinor: every minor version of the major one.
	anyMinor bool
}

func (s series) String() string {
	if s.anyMinor {
		return fmt.Sprintf("v%d", s.major)
	}
	if s.patch == 0 {
		return fmt.Sprintf("v%d.%d", s.major, s.minor)
	}
	return fmt.Sprintf("v%d.%d (from v%d.%d.%d)", s.major, s.minor, s.major, s.minor, s.patch)
}

// kubernetesSeries is what the units and configs are written for.
func kubernetesSeries() []series {
	return []series{{major: 1, minor: 34}, {major: 1, minor: 35}, {major: 1, minor: 36}, {major: 1, minor: 37}}
}

// etcdSeries: 3.6.16 is what Kubernetes 1.36 is tested with. 3.5 from the patch on that Kubernetes 1.33 shipped with,
// the last on 3.5; earlier ones cannot be upgraded to 3.6 safely. 3.7 has dropped flags that the units do not use.
func etcdSeries() []series {
	return []series{{major: 3, minor: 5, patch: 21}, {major: 3, minor: 6}, {major: 3, minor: 7}}
}

// cniSeries is all that speak CNI 1.0, which the network's configuration is written in.
func cniSeries() []series { return []series{{major: 1, anyMinor: true}} }

func checkVersions(r *review) {
	r.version("spec.kubernetes.version", r.spec.Kubernetes.Version, "v1.36.3", kubernetesSeries())
	r.version("spec.etcd.version", r.spec.Etcd.Version, "v3.6.16", etcdSeries())
}

// version reports anything but a release, written with its v, of a supported series.
func (r *review) version(path, text, example string, supported []series) {
	hint := "write a release as in " + example
	v, err := version.ParseSemantic(text)
	switch {
	case text == "":
		r.report(path, hint, "is missing")
	case err == nil && !strings.HasPrefix(text, "v"):
		r.report(path, "write v"+short(text), "%q has no v in front", short(text))
	case err != nil || v.PreRelease() != "" || v.BuildMetadata() != "":
		r.report(path, hint, "%q is no release", short(text))
	case !covered(v, supported):
		r.report(path, "choose a supported version, as in "+example, "%s is not supported, want %s", text, listedSeries(supported))
	}
}

func covered(v *version.Version, supported []series) bool {
	for _, s := range supported {
		if v.Major() == s.major && (s.anyMinor || v.Minor() == s.minor) {
			return v.Patch() >= s.patch
		}
	}
	return false
}

func listedSeries(supported []series) string {
	words := make([]string, len(supported))
	for i, s := range supported {
		words[i] = s.String()
	}
	return listed(words)
}
