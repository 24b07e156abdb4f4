package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"
)

// Streams are where results and everything else go.
type Streams struct{ Out, Err io.Writer }

// The exit codes: done, failed, wrong usage.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// usageError is a command line that means nothing: exit 2, nothing was touched.
type usageError struct{ message string }

func (e usageError) Error() string { return e.message }

func usagef(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }

// hinted is an error with what to try.
type hinted struct {
	error
	hint string
}

func (h hinted) Unwrap() error { return h.error }

// Run is the whole program but for the process: args with the program's name first. It returns the exit code.
func Run(ctx context.Context, args []string, streams Streams) int {
	app := newApp(&program{streams})
	ordered, err := canonical(app, args)
	if err == nil {
		err = app.RunContext(ctx, ordered)
	}
	if err == nil {
		return exitDone
	}
	fmt.Fprintf(streams.Err, "error: %v\n", err)
	if h, ok := errors.AsType[hinted](err); ok {
		fmt.Fprintf(streams.Err, "hint: %s\n", h.hint)
	}
	if _, ok := errors.AsType[usageError](err); ok {
		fmt.Fprintf(streams.Err, "hint: hardway-lab --help\n")
		return exitUsage
	}
	return exitFailed
}

// program is one run of the command line.
type program struct{ streams Streams }

func newApp(p *program) *cli.App {
	dir := &cli.StringFlag{Name: "dir", Aliases: []string{"C"}, Value: "lab", Usage: "the lab's directory, and the work directory for hardway"}
	output := &cli.StringFlag{Name: "output", Aliases: []string{"o"}, Value: "text", Usage: "text or json"}
	app := &cli.App{
		Name: "hardway-lab", Usage: "hosts on this machine, to rehearse hardway on",
		Writer: p.streams.Out, ErrWriter: p.streams.Err, HideHelpCommand: true, HideVersion: true,
		ExitErrHandler: func(*cli.Context, error) {},
		OnUsageError:   func(_ *cli.Context, err error, _ bool) error { return usageError{err.Error()} },
		Commands: []*cli.Command{
			{Name: "up", Usage: "start the hosts; write cluster.yaml, known_hosts and an identity for them", Action: p.up, Flags: upFlags()},
			{Name: "down", Usage: "stop everything; the hosts' folders stay, to go on with", Action: p.down, Flags: []cli.Flag{
				&cli.BoolFlag{Name: "purge", Usage: "remove what up made, too; what hardway made stays"},
			}},
			{Name: "status", Usage: "every host and unit", Action: p.status},
			{Name: "serve", Hidden: true, Action: p.serve},
		},
	}
	for _, v := range hostVerbs {
		app.Commands = append(app.Commands, &cli.Command{Name: v.name, Usage: v.usage, ArgsUsage: "HOST…", Action: p.control(v.name)})
	}
	for _, c := range app.Commands {
		c.HideHelpCommand, c.OnUsageError = true, func(_ *cli.Context, err error, _ bool) error { return usageError{err.Error()} }
		c.Flags = append(c.Flags, dir, output)
	}
	return app
}

// hostVerbs is what can be done to hosts.
var hostVerbs = []struct{ name, usage string }{
	{"pause", "freeze every process of a host, as a machine hangs"},
	{"resume", "let a paused host go on"},
	{"kill", "take a host's power away"},
	{"boot", "give it back"},
	{"cut", "take the cable of a machine's network out; its address stays"},
	{"mend", "put the cable back"},
	{"remove", "scrap a machine with its disk; `up` makes a new one in its place"},
}
