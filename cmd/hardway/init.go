package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/plan"
)

// initialise writes what a new work directory starts with. It overwrites nothing: when any of the files stands there
// already, none is written.
func (p *program) initialise(ctx *cli.Context) error {
	if err := p.checkChoices(ctx); err != nil {
		return err
	}
	file, dir := locate(ctx)
	var report plan.Report
	var write []artifact.Local
	var problems cluster.Problems
	for _, f := range cluster.InitFiles() {
		path := filepath.Join(dir, f.Path)
		if f.Path == "cluster.yaml" {
			path = file
		}
		if _, err := os.Lstat(path); err == nil {
			problems = append(problems, cluster.Problem{
				Subject: path, Message: "exists already, nothing was written", Hint: "name another directory with -C, or edit what is there",
			})
			continue
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		write = append(write, artifact.Local{Path: name, Mode: 0o644, Data: f.Data})
		report.Changes = append(report.Changes, plan.Change{Subject: path, Action: "create", Reason: "missing"})
	}
	err := problems.OrNil()
	if err != nil {
		report.Changes = nil
	} else if !ctx.Bool("dry-run") {
		err = writeNew(dir, write)
	}
	report.Notes = []string{fmt.Sprintf("next: fill in your hosts, then `hardway validate -f %s`", file)}
	return p.print(ctx, command{path: []string{"init"}}, report, ctx.Bool("dry-run"), err)
}

func writeNew(dir string, files []artifact.Local) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	work := artifact.OpenWorkDir(dir)
	unlock, err := work.Lock()
	if err != nil {
		return err
	}
	return errors.Join(work.Commit(files), unlock())
}
