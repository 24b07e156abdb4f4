package cluster

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"k8s.io/apimachinery/pkg/util/validation"
)

// keySizes is the sizes in bits of each key algorithm, the default first.
func keySizes(algorithm string) []int {
	return map[string][]int{"ecdsa": {256, 384}, "rsa": {2048, 3072, 4096}}[algorithm]
}

func checkKey(r *review) {
	key := r.spec.PKI.Key
	r.oneOf("spec.pki.key.algorithm", key.Algorithm, []string{"ecdsa", "rsa"})
	sizes := keySizes(key.Algorithm)
	if sizes == nil || slices.Contains(sizes, key.Size) {
		return
	}
	words := make([]string, len(sizes))
	for i, size := range sizes {
		words[i] = strconv.Itoa(size)
	}
	r.report("spec.pki.key.size", fmt.Sprintf("write size: %d, or leave it out", sizes[0]), "%d is no size of %s keys, want %s", key.Size, key.Algorithm, listed(words))
}

func checkValidity(r *review) {
	const path = "spec.pki.validity"
	v := r.spec.PKI.Validity
	sound := r.positive(path+".ca", v.CA, "87600h")
	sound = r.positive(path+".leaf", v.Leaf, "8760h") && sound
	if sound && v.Leaf.Duration > v.CA.Duration {
		r.report(path+".leaf", "shorten leaf, or lengthen ca", "%s is longer than the authorities' %s, which no certificate outlives", v.Leaf, v.CA)
	}
}

// positive reports a duration that is no time at all.
func (r *review) positive(path string, d Duration, example string) bool {
	if d.Duration > 0 {
		return true
	}
	r.report(path, "write a duration as in "+example, "is %s, want more than nothing", d)
	return false
}

// checkSANs: names, also with a wildcard in front, and addresses.
func checkSANs(r *review) {
	for i, san := range r.spec.PKI.ExtraSANs {
		if _, ok := address(san); ok {
			continue
		}
		name := strings.TrimPrefix(san, "*.")
		if len(validation.IsDNS1123Subdomain(name)) > 0 || looksLikeAddress(name) {
			r.report(index("spec.pki.extraSANs", i), "write a lower-case DNS name or an IP address, without scheme or port",
				"%q is neither a DNS name nor an IP address", short(san))
		}
	}
}

// checkAdminGroup: Kubernetes gives groups that begin with system: their meaning; of those only masters administrate.
func checkAdminGroup(r *review) {
	const path, hint = "spec.pki.adminGroup", "write a group of your own, as in hardway:cluster-admins, or system:masters"
	group := r.spec.PKI.AdminGroup
	switch {
	case group == "":
		r.report(path, hint, "is missing")
	case strings.TrimSpace(group) != group || strings.ContainsFunc(group, unicode.IsControl):
		r.report(path, hint, "%q has space around it or is no text", short(group))
	case len(group) > 64:
		r.report(path, hint, "%q is longer than the 64 characters of a certificate's organization", short(group))
	case strings.HasPrefix(group, "system:") && group != "system:masters":
		r.report(path, hint, "%q is a group that Kubernetes keeps for itself", group)
	}
}
