package main

import (
	"runtime/debug"

	"github.com/urfave/cli/v2"
)

// globalFlags mean the same before, between and after command words and names.
func globalFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "file", Aliases: []string{"f"}, Usage: "the spec, `cluster.yaml`", EnvVars: []string{"HARDWAY_FILE"}},
		&cli.StringFlag{Name: "dir", Aliases: []string{"C"}, Usage: "the work `DIRECTORY` (default: where the spec lies)"},
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Value: "text", Usage: "`text` or json: one document on standard output"},
		&cli.StringSliceFlag{Name: "only", Usage: "act only on these hosts, `HOST,…`"},
		&cli.BoolFlag{Name: "dry-run", Usage: "print what would be done, and do nothing"},
		&cli.BoolFlag{Name: "yes", Usage: "answer yes to every question (trusts no host key by itself)"},
		&cli.StringSliceFlag{Name: "waive", Usage: "waive single checks by name, `NAME,…`"},
		&cli.StringFlag{Name: "progress", Value: "auto", Usage: "on standard error: `auto` (bars on a terminal), plain lines, or json events"},
		&cli.StringFlag{Name: "log-level", Value: "info", Usage: "`error`, info or debug"},
	}
}

// released is set by the build of a release: -ldflags "-X main.released=v1.2.3".
var released string

func version() string {
	if released != "" {
		return released
	}
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(devel)"
	}
	return info.Main.Version
}
