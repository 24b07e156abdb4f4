package main

import (
	_ "embed"
	"fmt"
	"sort"

	"github.com/urfave/cli/v2"
)

var (
	//go:embed completion/hardway.bash
	bashCompletion string
	//go:embed completion/hardway.zsh
	zshCompletion string
)

// shells is what `completion` can print: each script asks the program itself what may come next.
var shells = map[string]func(*cli.App) (string, error){
	"bash": func(*cli.App) (string, error) { return bashCompletion, nil },
	"zsh":  func(*cli.App) (string, error) { return zshCompletion, nil },
	"fish": (*cli.App).ToFishCompletion,
}

func (p *program) completions() []command {
	var list []command
	for shell := range shells {
		list = append(list, command{
			path: []string{"completion", shell}, summary: "print the completion script for " + shell,
			direct: func(ctx *cli.Context) error {
				script, err := shells[shell](ctx.App)
				if err != nil {
					return fmt.Errorf("failed to make the completion script for %s: %w", shell, err)
				}
				_, err = fmt.Fprint(p.streams.Out, script)
				return err
			},
		})
	}
	sort.Slice(list, func(i, j int) bool { return list[i].path[1] < list[j].path[1] })
	return list
}
