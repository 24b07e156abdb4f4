package cluster

import "strings"

// Problem is the one kind of finding in hardway: for the spec, preflight, gates and verify alike.
type Problem struct {
	// Host is the node's name, empty where the finding is about no single host.
	Host string `json:"host"`
	// Subject is what was looked at: a field path (spec.hosts[3].address), a file, a unit, a member.
	Subject string `json:"subject"`
	// Message says what was seen, and what was expected.
	Message string `json:"message"`
	// Hint says what to try.
	Hint string `json:"hint"`
}

// String is the problem on one line, without its hint.
func (p Problem) String() string {
	parts := make([]string, 0, 3)
	for _, s := range []string{p.Host, p.Subject, p.Message} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, ": ")
}

// Problems is an error that carries every finding in one go.
type Problems []Problem

// Error joins the problems, one per line.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// OrNil is nil without problems, so that a collected list can be returned as an error.
func (ps Problems) OrNil() error {
	if len(ps) == 0 {
		return nil
	}
	return ps
}
