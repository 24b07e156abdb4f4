package cluster

import (
	"fmt"

	"k8s.io/apimachinery/pkg/util/validation"
)

// Validate is every problem of the spec in one go, each with its field path; it expects Default to have run. Checks named
// in spec.waive or in waive are left out.
func (s *Spec) Validate(waive ...string) Problems {
	r := &review{spec: s, waived: union(s.Waive, waive)}
	for _, check := range checks() {
		check(r)
	}
	return r.problems
}

// checks is every check, in the order in which a cluster.yaml is read.
func checks() []func(*review) {
	return []func(*review){
		checkName,
	}
}

// review is one validation under way.
type review struct {
	spec     *Spec
	waived   []string
	problems Problems
}

// report adds a problem: the field, what to try, and what is wrong with it.
func (r *review) report(path, hint, format string, args ...any) {
	r.problems = append(r.problems, Problem{Subject: path, Message: fmt.Sprintf(format, args...), Hint: hint})
}

func checkName(r *review) {
	name := r.spec.Name
	switch {
	case name == "":
		r.report("metadata.name", "write metadata: {name: …}, a word of lower-case letters, digits and dashes", "is missing")
	case len(validation.IsDNS1123Label(name)) > 0:
		r.report("metadata.name", "use lower-case letters, digits and dashes, at most 63, as in systemv", "%q is no DNS label", short(name))
	}
}
