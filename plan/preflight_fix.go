package plan

import (
	"context"
	"errors"
	"io/fs"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"hardway/artifact"
	"hardway/check"
	"hardway/cluster"
	"hardway/remote"
)

// PreflightFix does what can safely be done about what preflight found: modules, settings of the kernel, swap. What it
// would do is a difference, which approve is shown before anything is done; its error ends the run.
func PreflightFix(e *Env, approve func(difference string) error) Step {
	return Step{
		Path: []string{"preflight"},
		Plan: func(ctx context.Context) (Action, error) {
			survey, err := e.survey(ctx)
			if err != nil {
				return Action{}, err
			}
			rows := survey.Judge(e.Waive...)
			fixes := survey.Fixes(e.Waive...)
			left := leftAlone(fixes)
			shown, changes, err := e.shown(ctx, fixes)
			report := checkReport(rows, len(survey.Hosts))
			report.Notes = append(report.Notes, left...)
			if err != nil || len(changes) == 0 {
				return Action{Report: report}, err
			}
			planned := Report{Problems: report.Problems, Items: report.Items, Changes: changes, Notes: append([]string{shown}, report.Notes...)}
			return Action{Report: planned, Do: func(ctx context.Context) (Report, error) {
				if err := approve(shown); err != nil {
					return Report{Items: report.Items, Problems: report.Problems}, err
				}
				return e.fix(ctx, fixes, changes, left)
			}}, nil
		},
	}
}

func leftAlone(fixes []check.Fix) []string {
	var out []string
	for _, f := range fixes {
		out = append(out, f.Left...)
	}
	return out
}

// shown is the fixes as a person reads them: a unified difference of each file, then the commands.
func (e *Env) shown(ctx context.Context, fixes []check.Fix) (string, []Change, error) {
	var text []string
	var changes []Change
	for _, f := range fixes {
		for _, file := range f.Files {
			old, wanted, err := e.beside(ctx, f.Host, file)
			if err != nil {
				return "", nil, err
			}
			action := "update"
			if old == nil {
				action = "create"
			}
			changes = append(changes, Change{f.Host, file.Path, action, "for every boot to come"})
			if d := diff.Diff(f.Host+":"+file.Path, old, f.Host+":"+file.Path, wanted); len(d) > 0 {
				text = append(text, strings.TrimSuffix(string(d), "\n"))
			}
		}
		for _, c := range f.Commands {
			changes = append(changes, Change{f.Host, strings.Join(c.Args[1:], " "), c.Args[0], "so that it counts now"})
			text = append(text, f.Host+"$ "+c.Line())
		}
	}
	return strings.Join(text, "\n"), changes, nil
}

// beside is what stands on the host, nil where nothing does, and what should.
func (e *Env) beside(ctx context.Context, host string, file artifact.File) (old, wanted []byte, err error) {
	conn, err := e.connectTo(ctx, host)
	if err != nil {
		return nil, nil, err
	}
	if old, err = conn.ReadFile(ctx, file.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, err
	}
	wanted, err = artifact.ReadAll(file.Content)
	return old, wanted, err
}

// connectTo is the connection that the survey has opened.
func (e *Env) connectTo(ctx context.Context, host string) (Conn, error) {
	node, _ := e.Spec.Node(host)
	return e.connect(ctx, node)
}

// fix does it on all hosts, then looks again.
func (e *Env) fix(ctx context.Context, fixes []check.Fix, changes []Change, left []string) (Report, error) {
	err := remote.ForEach(ctx, fixes, e.Spec.SSH.Parallel, e.fixHost)
	if err != nil {
		return Report{}, err
	}
	survey, err := e.survey(ctx)
	if err != nil {
		return Report{Changes: changes}, err
	}
	report := checkReport(survey.Judge(e.Waive...), len(survey.Hosts))
	report.Changes, report.ListChanges = changes, true
	report.Notes = append(report.Notes, left...)
	return report, nil
}

func (e *Env) fixHost(ctx context.Context, f check.Fix) error {
	conn, err := e.connectTo(ctx, f.Host)
	if err != nil {
		return err
	}
	if len(f.Files) > 0 {
		staged, err := conn.Stage(ctx, f.Files)
		if err != nil {
			return err
		}
		if err := staged.Commit(ctx); err != nil {
			return err
		}
	}
	for _, c := range f.Commands {
		if err := conn.Do(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// NotApproved is what ends a run to which nobody said yes.
func NotApproved() error {
	return cluster.Problems{{Message: "nobody said yes, so nothing was changed", Hint: "answer yes, or give --yes; --dry-run shows it and asks nothing"}}
}
