package plan

import (
	"context"
	"fmt"
	"strings"

	"hardway/cluster"
)

// Explain says what each step does, why, and the commands that would do it by hand.
func Explain(e *Env, steps []Step, script bool) Step {
	return Step{
		Path: []string{"explain"}, Summary: "what a step does, why, and how it is done by hand", Check: true, Offline: true,
		Plan: func(context.Context) (Action, error) {
			var report Report
			var text []string
			if script {
				text = []string{scriptHead}
			}
			for _, s := range steps {
				x := e.explained(s)
				report.Items = append(report.Items, x)
				if script {
					text = append(text, x.script())
				} else {
					text = append(text, x.text())
				}
			}
			report.Notes = strings.Split(strings.Join(text, "\n"), "\n")
			return Action{Report: report}, nil
		},
	}
}

// scriptHead begins a script: it stops at the first command that fails, and every file it makes is its owner's alone.
const scriptHead = "#!/usr/bin/env bash\nset -euo pipefail\numask 077"

// explanation is what -o json says of a step.
type explanation struct {
	Step     string         `json:"step"`
	Summary  string         `json:"summary"`
	Why      string         `json:"why"`
	Commands []byHandOutput `json:"commands"`
}

type byHandOutput struct {
	Host string `json:"host"`
	Says string `json:"says"`
	Line string `json:"line"`

	// typed is the line as it is typed in the work directory: what belongs on a host goes there over ssh.
	typed string
}

func (e *Env) explained(s Step) explanation {
	x := explanation{Step: s.Name(), Summary: s.Summary, Why: s.Why, Commands: []byHandOutput{}}
	if s.ByHand != nil {
		for _, c := range s.ByHand(e.Spec) {
			x.Commands = append(x.Commands, byHandOutput{c.Where, c.Says, c.Line, c.typed(e.Spec)})
		}
	}
	return x
}

func (c Command) typed(spec *cluster.Spec) string {
	node, ok := spec.Node(c.Where)
	if !ok {
		return c.Line
	}
	return handOn(spec, node).run(c.Line)
}

func (x explanation) text() string {
	// Not indented: here-documents have to stay as they are when they are copied from here.
	return fmt.Sprintf("%s: %s\n\n%s\n\nBy hand:\n\n%s\n", x.Step, x.Summary, x.Why, x.commands())
}

func (x explanation) script() string {
	return fmt.Sprintf("\n# === %s: %s\n%s", x.Step, x.Summary, x.commands())
}

func (x explanation) commands() string {
	var b strings.Builder
	for _, c := range x.Commands {
		if c.Says != "" {
			fmt.Fprintf(&b, "# %s\n", c.Says)
		}
		fmt.Fprintf(&b, "%s\n", c.typed)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func indent(text, by string) string {
	return by + strings.ReplaceAll(text, "\n", "\n"+by)
}
