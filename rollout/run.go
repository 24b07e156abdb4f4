package rollout

import "time"

// Run is what a change on hosts is part of. It is written down on each host that changes.
type Run struct {
	// ID is the same for everything that one process does, on all hosts: some hex digits.
	ID string
	// At is when the step began, by the operator's clock.
	At time.Time
	// Who is the person and the machine, as in anna@workstation; Command is what was typed, without flags.
	Who, Command string
	// PutsBack is the run that a rollback takes back, empty for any other.
	PutsBack string
}
