package plan

import (
	"context"
	"strings"

	"hardway/cluster"
	"hardway/remote"
	"hardway/rollout"
)

// Step is one thing hardway does. Planning a step only looks; what it returns is data, to print or to execute.
type Step struct {
	// Path is the step's words on the command line, as in {"pki", "ca"}.
	Path []string
	// Summary is one line for lists; Why says what would be missing without the step.
	Summary, Why string
	// Check: the step only looks, and a problem it finds is its result (exit 3), not its failure.
	Check bool
	// Offline: the step opens no connection.
	Offline bool
	// ByHand is the commands that would do the same for this very cluster.
	ByHand func(*cluster.Spec) []Command
	// Plan finds out what there is to do.
	Plan func(context.Context) (Action, error)
}

// Name is the step's words as typed.
func (s Step) Name() string { return strings.Join(s.Path, " ") }

// Command is something a person could type instead of a step.
type Command struct {
	// Where is the host it is typed on; empty is the operator's machine, in the work directory.
	Where string
	// Says is the comment above it.
	Says string
	// Line is shell; it may span lines.
	Line string
}

// Action is what a step would do, as a value: Report says it, Do executes exactly that. Do is nil when nothing is left
// to do.
type Action struct {
	Report Report
	Do     func(context.Context) (Report, error)
	// Locks is the hosts that Do changes, or that it relies on while it does: nobody else may change them meanwhile.
	Locks []remote.Changer
	// Locked is the hosts on which a lock stood when they were looked at.
	Locked []remote.Changer
	// LocksEtcd: the lock in etcd is taken besides, a quorum runs there.
	LocksEtcd bool
}

// Report is what a step found or did: the table, the JSON document and the exit code are made from it.
type Report struct {
	Table    Table
	Items    []any
	Problems []cluster.Problem
	Changes  []Change
	// Contents is what changes do to what stands in files, where a step found that out.
	Contents map[Change]rollout.Contents
	// ListChanges: the changes are worth their own rows although there is a table.
	ListChanges bool
	// Found: a check found something that is no problem of its own, such as a difference (exit 3).
	Found bool
	// Notes are lines for a person, below the table.
	Notes []string
}

// Table is rows under a header, for people.
type Table struct {
	Header []string
	Rows   [][]string
}

// Change is one thing that would be done or was done.
type Change struct {
	Host    string `json:"host"`
	Subject string `json:"subject"`
	Action  string `json:"action"`
	Reason  string `json:"reason"`
}

// done is the report of a step whose changes were made. One that failed reports none: what was planned did not all happen.
func done(r Report, err error) (Report, error) {
	if err != nil {
		return Report{Notes: r.Notes}, err
	}
	return r, nil
}

// Execute plans the step and, unless it is a dry run, does what was planned. A step that writes holds the work directory
// from before its plan until it is done, so that what it executes is what it planned.
func (e *Env) Execute(ctx context.Context, s Step, dryRun bool) (Report, error) {
	if !dryRun && !s.Check {
		unlock, err := e.hold()
		if err != nil {
			return Report{}, err
		}
		defer unlock()
	}
	end, err := e.begin(ctx, s)
	if err != nil {
		return Report{}, err
	}
	defer end()
	defer e.timed(s.Name())()
	action, err := s.Plan(ctx)
	if err != nil || dryRun {
		return action.Report, err
	}
	report := action.Report
	if action.Do != nil {
		report, err = e.locked(ctx, s, action)
	}
	if err == nil && len(action.Locked) > 0 && !s.Check {
		err = e.hostLocks().TakeOver(ctx, action.Locked)
	}
	return report, err
}

// timed tells when a step begins and, when the returned function is called, that it has ended.
func (e *Env) timed(step string) (ended func()) {
	around, began := e.step, e.Now()
	e.step = step
	e.say(Event{Phase: PhaseBegin})
	return func() {
		e.say(Event{Phase: PhaseEnd, Seconds: e.Now().Sub(began).Seconds()})
		e.step = around
	}
}
