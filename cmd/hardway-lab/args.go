package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// canonical puts the command first, then its flags, then names, because urfave/cli v2 drops flags that follow names.
// Nothing but the program's name asks for help, which is not an error.
func canonical(app *cli.App, args []string) ([]string, error) {
	var words, flags []string
	help := false
	for rest := args[1:]; len(rest) > 0; rest = rest[1:] {
		arg := rest[0]
		switch name, _, hasValue := strings.Cut(strings.TrimLeft(arg, "-"), "="); {
		case arg == "--":
			words, rest = append(words, rest[1:]...), rest[:1]
		case arg == "-h" || arg == "--help":
			help = true
		case len(arg) < 2 || arg[0] != '-':
			words = append(words, arg)
		case isBoolean(app, name) || hasValue:
			flags = append(flags, arg)
		case len(rest) == 1:
			return nil, usagef("flag %s needs a value, or is unknown", arg)
		default:
			flags, rest = append(flags, arg, rest[1]), rest[1:]
		}
	}
	return ordered(app, args[0], words, flags, help)
}

func ordered(app *cli.App, program string, words, flags []string, help bool) ([]string, error) {
	switch {
	case len(words) == 0 && help:
		return []string{program, "--help"}, nil
	case len(words) == 0:
		return nil, usagef("no command given: want one of %s", strings.Join(commandNames(app), ", "))
	case app.Command(words[0]) == nil:
		return nil, usagef("unknown command %q: want one of %s", words[0], strings.Join(commandNames(app), ", "))
	case help:
		return []string{program, words[0], "--help"}, nil
	case app.Command(words[0]).ArgsUsage == "" && len(words) > 1:
		return nil, usagef("`%s` takes no names, got %q", words[0], words[1:])
	case app.Command(words[0]).ArgsUsage != "" && len(words) == 1:
		return nil, usagef("`%s` needs the name of a host", words[0])
	}
	out := append([]string{program, words[0]}, flags...)
	return append(append(out, "--"), words[1:]...), nil
}

func isBoolean(app *cli.App, name string) bool {
	for _, c := range app.Commands {
		for _, f := range c.Flags {
			if _, boolean := f.(*cli.BoolFlag); boolean && slices.Contains(f.Names(), name) {
				return true
			}
		}
	}
	return false
}

func commandNames(app *cli.App) []string {
	var names []string
	for _, c := range app.Commands {
		if !c.Hidden {
			names = append(names, c.Name)
		}
	}
	return names
}
