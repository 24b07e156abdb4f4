package check

import (
	"fmt"

	"hardway/cluster"
)

// State is how a check came out.
type State string

// The states. Failed stops what comes next; Warning does not; Unknown is what could not be looked at; Waived would be a
// warning or a failure, had it not been waived.
const (
	OK      State = "ok"
	Waived  State = "waived"
	Unknown State = "unknown"
	Warning State = "warning"
	Failed  State = "failed"
)

// Row is what one check says of one host; of the whole cluster, or of the operator's machine, where Host is empty.
type Row struct {
	Host  string `json:"host"`
	Check string `json:"check"`
	State State  `json:"state"`
	// Seen is what was found; Try is the remedy, empty where none is needed.
	Seen string `json:"seen"`
	Try  string `json:"try"`

	// kind is what a finding is of, where others of the same cause look for it.
	kind kind
}

// Problem is the row as a finding.
func (r Row) Problem() cluster.Problem {
	return cluster.Problem{Host: r.Host, Subject: r.Check, Message: r.Seen, Hint: r.Try}
}

func ok(format string, args ...any) []Row { return row(OK, "", format, args...) }

func failed(try, format string, args ...any) []Row { return row(Failed, try, format, args...) }

func warning(try, format string, args ...any) []Row { return row(Warning, try, format, args...) }

func unknown(try, format string, args ...any) []Row { return row(Unknown, try, format, args...) }

func row(state State, try, format string, args ...any) []Row {
	return []Row{{State: state, Seen: fmt.Sprintf(format, args...), Try: try}}
}

// orOK is the rows, or one that says all is well where there is none.
func orOK(rows []Row, format string, args ...any) []Row {
	if len(rows) > 0 {
		return rows
	}
	return ok(format, args...)
}
