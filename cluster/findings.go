package cluster

import (
	"errors"
	"slices"
)

// Finding is an error that knows its host and what to try.
type Finding interface {
	error
	Problem() Problem
}

// ProblemsOf takes an error apart into findings: Problems and Findings as they are, however they are wrapped, joined
// errors one by one, and anything else as its message.
func ProblemsOf(err error) []Problem {
	for inner := err; inner != nil; inner = errors.Unwrap(inner) {
		switch known := inner.(type) { //nolint:errorlint // the chain is walked by hand: errors.As would stop at the first of several
		case Problems:
			return known
		case Finding:
			return []Problem{known.Problem()}
		case interface{ Unwrap() []error }:
			var all []Problem
			for _, e := range known.Unwrap() {
				all = append(all, ProblemsOf(e)...)
			}
			wrapped := inner != err //nolint:errorlint // whether it is this very value
			if wrapped && !slices.ContainsFunc(all, Problem.known) {
				continue // what wraps them says more than they do
			}
			return all
		}
	}
	if err == nil {
		return nil
	}
	return []Problem{{Message: err.Error()}}
}

// known reports whether the problem is more than a message.
func (p Problem) known() bool { return p.Host != "" || p.Subject != "" || p.Hint != "" }
