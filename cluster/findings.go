package cluster

import "errors"

// Finding is an error that knows its host and what to try.
type Finding interface {
	error
	Problem() Problem
}

// ProblemsOf takes an error apart into findings: joined errors one by one, Problems and Findings as they are, anything
// else as its message.
func ProblemsOf(err error) []Problem {
	if err == nil {
		return nil
	}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []Problem
		for _, e := range joined.Unwrap() {
			all = append(all, ProblemsOf(e)...)
		}
		return all
	}
	if list, ok := errors.AsType[Problems](err); ok {
		return list
	}
	if finding, ok := errors.AsType[Finding](err); ok {
		return []Problem{finding.Problem()}
	}
	if inner := errors.Unwrap(err); inner != nil {
		if joined, ok := inner.(interface{ Unwrap() []error }); ok && len(joined.Unwrap()) > 1 {
			return ProblemsOf(inner)
		}
	}
	return []Problem{{Message: err.Error()}}
}
