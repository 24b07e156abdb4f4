package cluster

import (
	"fmt"
	"slices"
)

// The checks of the spec that can rightly be waived, each alone and by name.
const (
	WaiveEvenMembers = "etcd-even-members"
	WaiveAESGCM      = "encryption-aesgcm"
)

// Waiver is a check that can be waived by name, in spec.waive or with --waive.
type Waiver struct{ Name, Allows string }

// Waivers is every check that can be waived, and what that allows.
func Waivers() []Waiver {
	return []Waiver{
		{WaiveEvenMembers, "an even number of etcd members, which survives no more losses than one fewer"},
		{WaiveAESGCM, "aesgcm, which is unsafe without rotating its key before 200,000 writes"},
	}
}

// Waived reports whether the spec waives the check of that name.
func (s *Spec) Waived(name string) bool { return slices.Contains(s.Waive, name) }

// checkWaivers finds names that no check has, in spec.waive and on the command line.
func checkWaivers(r *review) {
	var known []string
	for _, w := range Waivers() {
		known = append(known, w.Name)
	}
	for i, name := range r.spec.Waive {
		r.waiver(index("spec.waive", i), name, known)
	}
	for _, name := range r.extraWaivers {
		r.waiver("--waive", name, known)
	}
}

func (r *review) waiver(path, name string, known []string) {
	if slices.Contains(known, name) {
		return
	}
	hint := fmt.Sprintf("checks that can be waived: %s", listed(known))
	if best := nearest(name, known); best != "" {
		hint = fmt.Sprintf("did you mean %s? %s", best, hint)
	}
	r.report(path, hint, "%q is no check that can be waived", short(name))
}

// waives reports whether this validation leaves the check of that name out.
func (r *review) waives(name string) bool {
	return r.spec.Waived(name) || slices.Contains(r.extraWaivers, name)
}
