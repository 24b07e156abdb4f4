package plan

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// UpStep is the main job as one step.
func UpStep(e *Env, dryRun bool, skip ...string) Step {
	return Step{
		Path: []string{"up"}, Summary: "everything, from the spec to a verified cluster; finishes what was begun",
		Why: "The same steps that are commands of their own, in order. Each looks first and does only what is missing.",
		Plan: func(ctx context.Context) (Action, error) {
			if dryRun {
				report, err := e.runUp(ctx, true, skip)
				return Action{Report: report}, err
			}
			return Action{Do: func(ctx context.Context) (Report, error) { return e.runUp(ctx, false, skip) }}, nil
		},
	}
}

// runUp is the main job: every step in order, each planned on what the one before it left. Finished steps find nothing to
// do, so running it again goes on where a run ended. A dry run plans as far as steps do not depend on what an earlier one
// would have to make first.
func (e *Env) runUp(ctx context.Context, dryRun bool, skip []string) (Report, error) {
	total := Report{ListChanges: dryRun, Table: Table{Header: []string{"STEP", "RESULT", "TIME"}}}
	if !dryRun {
		release, err := e.hold()
		if err != nil {
			return total, err
		}
		defer release()
	}
	steps := Up(e, skip...)
	for i, step := range steps {
		began := e.Now()
		report, err := e.Execute(ctx, step, dryRun)
		total.add(step, report, err, e.Now().Sub(began), dryRun)
		e.tell(step.Name(), "", total.Table.Rows[len(total.Table.Rows)-1][1])
		if err != nil {
			return total, fmt.Errorf("%s: %w", step.Name(), err)
		}
		if step.Check && len(report.Problems) > 0 {
			return total, nil
		}
		if dryRun && len(report.Changes) > 0 && i+1 < len(steps) {
			total.Notes = append(total.Notes, "what comes after `"+step.Name()+"` depends on these changes and is not known yet")
			return total, nil
		}
	}
	if len(skip) > 0 {
		total.Notes = append(total.Notes, "skipped: "+strings.Join(skip, ", "))
	}
	if len(total.Changes) == 0 {
		total.Notes = append(total.Notes, "nothing changed: "+e.everyHost()+" what it should")
	}
	return total, nil
}

func (r *Report) add(step Step, part Report, err error, took time.Duration, dryRun bool) {
	result := outcome(step, part, err, dryRun)
	r.Table.Rows = append(r.Table.Rows, []string{step.Name(), result, took.Round(10 * time.Millisecond).String()})
	r.Items = append(r.Items, stepResult{step.Name(), result, took.Seconds()})
	r.Changes = append(r.Changes, part.Changes...)
	r.Problems = append(r.Problems, part.Problems...)
	r.Notes = append(r.Notes, part.Notes...)
}

// stepResult is what -o json says of a step.
type stepResult struct {
	Step    string  `json:"step"`
	Result  string  `json:"result"`
	Seconds float64 `json:"seconds"`
}

func outcome(step Step, r Report, err error, dryRun bool) string {
	switch {
	case err != nil:
		return "failed"
	case step.Check && len(r.Problems) > 0:
		return count(len(r.Problems), "problem")
	case step.Check:
		return "ok"
	case len(r.Changes) == 0:
		return "nothing to do"
	case dryRun:
		return count(len(r.Changes), "change") + " to make"
	}
	return count(len(r.Changes), "change")
}

// everyHost says which hosts a run was for.
func (e *Env) everyHost() string {
	switch len(e.Only) {
	case 0:
		return "every host holds and runs"
	case 1:
		return e.Only[0] + " holds and runs"
	}
	return strings.Join(e.Only, ", ") + " hold and run"
}
