package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// canonical puts a command line into the one order that urfave/cli v2 reads rightly: global flags, command words, the
// command's own flags, then names after "--". By itself the library takes a flag after a name for a name: a --dry-run
// there would be dropped and the command would act. It also refuses what the library would answer with a help text and
// exit 0: unknown or missing subcommands, and flags that nothing knows.
func canonical(app *cli.App, args []string) ([]string, error) {
	tokens, err := split(app, args[1:])
	if err != nil {
		return nil, err
	}
	if len(tokens.words) > 0 && (tokens.words[0] == "help" || tokens.words[0] == "version") {
		// What people type out of habit.
		tokens.help, tokens.version = tokens.words[0] == "help", tokens.words[0] == "version"
		tokens.words = tokens.words[1:]
	}
	words, command, names, err := resolve(app, tokens.words)
	if err != nil {
		return nil, err
	}
	if tokens.help {
		return append(append([]string{args[0]}, words...), "--help"), nil
	}
	if tokens.version {
		return []string{args[0], "--version"}, nil
	}
	if command == nil || len(command.Subcommands) > 0 {
		return nil, missing(app, command, words)
	}
	out := []string{args[0]}
	var own []string
	for _, f := range tokens.flags {
		switch {
		case find(app.Flags, f.name) != nil:
			out = append(out, f.text)
		case find(command.Flags, f.name) != nil:
			own = append(own, f.text)
		default:
			return nil, usagef("flag %s is not for `%s`", f.dashed, strings.Join(words, " "))
		}
	}
	out = append(append(out, words...), own...)
	return append(append(out, "--"), names...), nil
}

type flagToken struct{ name, dashed, text string }

type tokens struct {
	words         []string
	flags         []flagToken
	help, version bool
}

// split tells flags with their values from words, wherever they stand.
func split(app *cli.App, args []string) (tokens, error) {
	known := append(slices.Clone(app.Flags), commandFlags(app.Commands)...)
	var t tokens
	for i := 0; i < len(args); i++ {
		arg := args[i]
		switch {
		case arg == "--":
			t.words = append(t.words, args[i+1:]...)
			return t, nil
		case arg == "-h" || arg == "--help":
			t.help = true
			continue
		case arg == "--version":
			t.version = true
			continue
		case len(arg) < 2 || arg[0] != '-':
			t.words = append(t.words, arg)
			continue
		}
		dashed, value, hasValue := strings.Cut(arg, "=")
		name := strings.TrimPrefix(strings.TrimPrefix(dashed, "-"), "-")
		flag := find(known, name)
		if flag == nil || (len(name) > 1) != strings.HasPrefix(dashed, "--") {
			return t, usagef("unknown flag %s", dashed)
		}
		if _, boolean := flag.(*cli.BoolFlag); !boolean && !hasValue {
			if i++; i == len(args) {
				return t, usagef("flag %s needs a value", dashed)
			}
			value, hasValue = args[i], true
		}
		text := dashed
		if hasValue {
			text += "=" + value
		}
		t.flags = append(t.flags, flagToken{name, dashed, text})
	}
	return t, nil
}

// resolve walks the command tree as far as words name commands; what is left are the command's names.
func resolve(app *cli.App, all []string) (words []string, command *cli.Command, names []string, err error) {
	level := app.Commands
	for i, word := range all {
		next := child(level, word)
		if next == nil && (command == nil || len(command.Subcommands) > 0) {
			return nil, nil, nil, unknown(level, command, words, word)
		}
		if next == nil {
			return words, command, all[i:], nil
		}
		words, command, level = append(words, word), next, next.Subcommands
	}
	return words, command, nil, nil
}

func child(level []*cli.Command, word string) *cli.Command {
	for _, c := range level {
		if c.HasName(word) {
			return c
		}
	}
	return nil
}

func find(flags []cli.Flag, name string) cli.Flag {
	for _, f := range flags {
		if slices.Contains(f.Names(), name) {
			return f
		}
	}
	return nil
}

func commandFlags(commands []*cli.Command) []cli.Flag {
	var flags []cli.Flag
	for _, c := range commands {
		flags = append(append(flags, c.Flags...), commandFlags(c.Subcommands)...)
	}
	return flags
}

func unknown(level []*cli.Command, parent *cli.Command, words []string, word string) error {
	what := "command"
	if parent != nil {
		what = "subcommand of `" + strings.Join(words, " ") + "`"
	}
	return usagef("unknown %s %q: want one of %s", what, word, strings.Join(commandNames(level), ", "))
}

func missing(app *cli.App, command *cli.Command, words []string) error {
	if command == nil {
		return usagef("no command given: want one of %s", strings.Join(commandNames(app.Commands), ", "))
	}
	return usagef("`%s` needs one of: %s", strings.Join(words, " "), strings.Join(commandNames(command.Subcommands), ", "))
}

func commandNames(level []*cli.Command) []string {
	var names []string
	for _, c := range level {
		if !c.Hidden {
			names = append(names, c.Name)
		}
	}
	return names
}

// usageError is a command line that means nothing: exit 2, nothing was touched.
type usageError struct{ message string }

func (e usageError) Error() string { return e.message }

func usagef(format string, args ...any) error { return usageError{fmt.Sprintf(format, args...)} }
