package cluster

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// Validate is every problem of the spec in one go, each with its field path; it expects Default to have run. Checks named
// in spec.waive or in waive are left out.
func (s *Spec) Validate(waive ...string) Problems {
	r := &review{spec: s, extraWaivers: waive}
	for _, check := range checks() {
		check(r)
	}
	return r.problems
}

// checks is every check, in the order in which a cluster.yaml is read.
func checks() []func(*review) {
	return []func(*review){
		checkClusterName,
		checkVersions,
		checkEndpoint, checkEndpointServes,
		checkClusterDomain, checkCIDRs, checkFamilies, checkOverlaps, checkServiceSize, checkNodeBlocks, checkPodCIDRs,
		checkKey, checkValidity, checkSANs, checkAdminGroup,
		checkEncryption, checkKMS, checkEncryptedResources,
		checkBinaries, checkSnapshots, checkStats, checkVirtualIP, checkChoices, checkWorker, checkRollout,
		checkWaivers,
		checkSSH,
		checkHostNames, checkAliases, checkUniqueNames,
		checkAddresses, checkUniqueAddresses, checkAddressNetworks,
		checkRoles, checkMembers, checkMasters, checkSharedPort,
	}
}

// review is one validation under way.
type review struct {
	spec *Spec
	// extraWaivers are those of the command line.
	extraWaivers []string
	problems     Problems
}

// report adds a problem: the field, what to try, and what is wrong with it.
func (r *review) report(path, hint, format string, args ...any) {
	r.problems = append(r.problems, Problem{Subject: path, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// oneOf reports a value that is none of the choices.
func (r *review) oneOf(path, value string, choices []string) {
	if slices.Contains(choices, value) {
		return
	}
	r.report(path, nearestHint(value, choices), "%q is not supported, want %s", short(value), listed(choices))
}

// port reports a number that is no TCP port.
func (r *review) port(path string, port int) {
	if len(validation.IsValidPortNum(port)) > 0 {
		r.report(path, "write a port between 1 and 65535", "%d is no port", port)
	}
}

// listed joins words as a sentence does: a, b or c.
func listed(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// repeated is the places of values that stood in the list before.
func repeated[T comparable](values []T) []int {
	seen := make(map[T]bool, len(values))
	var at []int
	for i, v := range values {
		if seen[v] {
			at = append(at, i)
		}
		seen[v] = true
	}
	return at
}
