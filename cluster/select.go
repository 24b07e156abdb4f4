package cluster

import (
	"fmt"
	"slices"
)

// Only is the hosts of these names in the order of the spec, and every host without a name. An unknown name is a
// problem that suggests a known one; the error is Problems.
func (s *Spec) Only(names []string) ([]Node, error) {
	if len(names) == 0 {
		return slices.Clone(s.Hosts), nil
	}
	known := make([]string, len(s.Hosts))
	for i, n := range s.Hosts {
		known[i] = n.Name
	}
	var problems Problems
	for _, name := range names {
		if !slices.Contains(known, name) {
			problems = append(problems, Problem{Subject: "--only", Message: fmt.Sprintf("%q is no host of this cluster", short(name)),
				Hint: nearestHint(name, known)})
		}
	}
	if err := problems.OrNil(); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(s.Hosts), func(n Node) bool { return !slices.Contains(names, n.Name) }), nil
}
