package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/cluster/kubespray"
	"hardway/plan"
)

func (p *program) initCommand() command {
	return command{
		path: []string{"init"}, summary: "write a commented cluster.yaml and a .gitignore for secrets; overwrites nothing", direct: p.initialise,
		why: "With --from-kubespray the hosts, their groups, how to log in, address ranges and more come from an Ansible inventory, in YAML or\n" +
			"INI, and from the group_vars and host_vars beside it. What a spec has no place for is said on standard error, a line each. Where the\n" +
			"inventory is none that hardway can build, cluster.yaml is written for you to put right, and the exit code is 3.",
		flags: []cli.Flag{&cli.StringFlag{Name: "from-kubespray", Usage: "take over the Ansible inventory `hosts.yaml` (or .ini) of kubespray"}},
	}
}

// initialise writes what a new work directory starts with. It overwrites nothing: when any of the files stands there
// already, none is written.
func (p *program) initialise(ctx *cli.Context) error {
	if err := p.checkChoices(ctx); err != nil {
		return err
	}
	file, dir := locate(ctx)
	report, document, err := p.beginning(ctx)
	if err != nil {
		return p.print(ctx, command{path: []string{"init"}}, plan.Report{}, false, err)
	}
	var write []artifact.Local
	var problems cluster.Problems
	for _, f := range cluster.InitFiles(document) {
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
	if err = problems.OrNil(); err != nil {
		report.Changes, report.Problems = nil, nil
	} else if !ctx.Bool("dry-run") {
		err = writeNew(dir, write)
	}
	report.Notes = []string{fmt.Sprintf("next: fill in your hosts, then `hardway validate -f %s`", file)}
	if err == nil && ctx.String("from-kubespray") != "" {
		report.Notes = []string{fmt.Sprintf("next: read it through, then `hardway validate -f %s`", file)}
		p.sayOf(ctx, &report)
	}
	return p.print(ctx, command{path: []string{"init"}}, report, ctx.Bool("dry-run"), err)
}

// beginning is the cluster.yaml to write: the example, or what an inventory describes, with what could not be carried over
// as the report's items and what is wrong with it as its problems.
func (p *program) beginning(ctx *cli.Context) (plan.Report, []byte, error) {
	file := ctx.String("from-kubespray")
	if file == "" {
		return plan.Report{}, cluster.Template(), nil
	}
	inventory, err := kubespray.Read(file)
	if err != nil {
		return plan.Report{}, nil, invalidSpec{err}
	}
	spec, left := inventory.Spec()
	report := plan.Report{Problems: spec.Validate(ctx.StringSlice("waive")...), ListChanges: true}
	for _, l := range left {
		report.Items = append(report.Items, l)
	}
	document, err := cluster.Document(spec, "Taken over from kubespray's inventory "+filepath.Base(file)+".")
	return report, document, err
}

// sayOf names what an inventory says and cluster.yaml does not, and then what validation says of it, as validation says it.
// In a JSON document the problems stay in their place.
func (p *program) sayOf(ctx *cli.Context, r *plan.Report) {
	for _, item := range r.Items {
		fmt.Fprintf(p.streams.Err, "not carried over: %s\n", item)
	}
	if len(r.Problems) == 0 {
		return
	}
	p.found = true
	if ctx.String("output") != "json" {
		writeError(p.streams.Err, p.paint, cluster.Problems(r.Problems))
		r.Problems = nil
	}
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
