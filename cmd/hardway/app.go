package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"hardway/plan"
	"hardway/remote"
)

// Streams are the three a process has.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// The exit codes of CLI contract.
const (
	exitDone    = 0
	exitFailed  = 1
	exitUsage   = 2
	exitFinding = 3
)

// Run is the whole program but for the process: args with the program's name first, lookup reads the environment.
// It returns the exit code.
func Run(ctx context.Context, args []string, streams Streams, lookup func(string) (string, bool)) int {
	p := &program{streams: streams, lookup: lookup, paint: painterFor(streams.Err, lookup)}
	app := p.app()
	if isCompletion(args) {
		_ = app.RunContext(ctx, args)
		return exitDone
	}
	ordered, err := canonical(app, args)
	if err == nil {
		err = app.RunContext(ctx, ordered)
	}
	return p.exit(err)
}

// program is one run of the command line.
type program struct {
	streams Streams
	lookup  func(string) (string, bool)
	paint   painter
	env     plan.Env
	dialer  *remote.Dialer
	// progress shows what is going on; nil where nobody wants to know.
	progress progress
	// found: a check had something to report.
	found bool
}

func (p *program) app() *cli.App {
	cli.VersionFlag = &cli.BoolFlag{Name: "version", Usage: "print the version"}
	app := &cli.App{
		Name:                 "hardway",
		Usage:                "build and keep highly available Kubernetes control planes the hard way",
		Version:              version(),
		Flags:                globalFlags(),
		Commands:             tree(p.commands(), p.action),
		Writer:               p.streams.Out,
		ErrWriter:            p.streams.Err,
		HideHelpCommand:      true,
		EnableBashCompletion: true,
		ExitErrHandler:       func(*cli.Context, error) {},
		OnUsageError:         func(_ *cli.Context, err error, _ bool) error { return usageError{err.Error()} },
	}
	return app
}

// tree nests flat commands by the words of their paths.
func tree(commands []command, action func(command) cli.ActionFunc) []*cli.Command {
	var top []*cli.Command
	for _, c := range commands {
		level := &top
		for i, word := range c.path {
			node := child(*level, word)
			if node == nil {
				node = &cli.Command{Name: word, HideHelpCommand: true, Usage: groupSummary(word), OnUsageError: onUsageError}
				*level = append(*level, node)
			}
			if i == len(c.path)-1 {
				node.Usage, node.ArgsUsage, node.Description = c.summary, c.args, c.why
				node.Flags, node.Action = c.flags, action(c)
			}
			level = &node.Subcommands
		}
	}
	return top
}

func onUsageError(_ *cli.Context, err error, _ bool) error { return usageError{err.Error()} }

// action runs one command: read the flags, make the step, execute it, print its report.
func (p *program) action(c command) cli.ActionFunc {
	return func(ctx *cli.Context) error {
		if err := checkNames(c, ctx.Args().Slice()); err != nil {
			return err
		}
		if c.direct != nil {
			return c.direct(ctx)
		}
		if err := p.load(ctx); err != nil {
			return p.print(ctx, c, plan.Report{}, false, err)
		}
		defer p.env.Close()
		defer p.dialer.Forget()
		step, err := c.step(ctx)
		if err != nil {
			return err
		}
		dryRun := ctx.Bool("dry-run")
		report, err := p.env.Execute(ctx.Context, step, dryRun)
		return p.print(ctx, c, report, dryRun, err)
	}
}

func checkNames(c command, names []string) error {
	if c.args == "" && len(names) > 0 {
		return usagef("`%s` takes no names, got %q", strings.Join(c.path, " "), strings.Join(names, " "))
	}
	return nil
}

// print writes the report, also that of a run that failed: as JSON one document on every exit.
func (p *program) print(ctx *cli.Context, c command, r plan.Report, dryRun bool, failure error) error {
	p.endProgress()
	if ctx.String("output") == "json" {
		if failure != nil {
			r.Problems = append(r.Problems, problemsOf(failure)...)
		}
		if err := writeJSON(p.streams.Out, strings.Join(c.path, " "), r); err != nil {
			return err
		}
	} else if err := writeText(p.streams.Out, painterFor(p.streams.Out, p.lookup), r, dryRun); err != nil {
		return err
	}
	if failure == nil && (r.Found || len(r.Problems) > 0) {
		p.found = true
	}
	return failure
}

// exit says what went wrong on standard error and gives the exit code.
func (p *program) exit(err error) int {
	p.endProgress()
	switch usage := (usageError{}); {
	case err == nil && p.found:
		return exitFinding
	case err == nil:
		return exitDone
	case errors.As(err, &usage):
		fmt.Fprintf(p.streams.Err, "%s %s\n%s hardway --help\n", p.paint.red("error:"), usage, p.paint.bold("hint:"))
		return exitUsage
	default:
		writeError(p.streams.Err, p.paint, err)
		if invalid := (invalidSpec{}); errors.As(err, &invalid) {
			return exitUsage
		}
		return exitFailed
	}
}

func isCompletion(args []string) bool {
	return len(args) > 1 && slices.Contains(args, "--generate-bash-completion")
}

// painterFor colours only what a person sees on a terminal, unless NO_COLOR says no (https://no-color.org).
func painterFor(w io.Writer, lookup func(string) (string, bool)) painter {
	noColor, _ := lookup("NO_COLOR")
	name, _ := lookup("TERM")
	return painter(noColor == "" && name != "dumb" && isTerminal(w))
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
