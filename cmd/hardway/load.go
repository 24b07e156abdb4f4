package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/plan"
	"hardway/rollout"
)

// invalidSpec is a cluster.yaml that cannot be used: exit 2, nothing was touched.
type invalidSpec struct{ error }

func (e invalidSpec) Unwrap() error { return e.error }

// locate says where the spec and the work directory are: -f names the spec, -C the directory; each implies the other.
func locate(ctx *cli.Context) (file, dir string) {
	file, dir = ctx.String("file"), ctx.String("dir")
	switch {
	case file == "" && dir == "":
		return "cluster.yaml", "."
	case file == "":
		return filepath.Join(dir, "cluster.yaml"), dir
	case dir == "":
		return file, filepath.Dir(file)
	}
	return file, dir
}

// load reads the flags that every command has, and the spec, into the environment that steps run on.
func (p *program) load(ctx *cli.Context) error {
	if err := p.checkChoices(ctx); err != nil {
		return err
	}
	file, dir := locate(ctx)
	data, err := os.ReadFile(file)
	if err != nil {
		return invalidSpec{cluster.Problems{{
			Subject: file, Message: fmt.Sprintf("failed to read the spec: %v", err),
			Hint: "`hardway init` writes one; -f names another place",
		}}}
	}
	spec, err := cluster.Parse(data, file, ctx.StringSlice("waive")...)
	if err != nil {
		return invalidSpec{err}
	}
	p.env.Spec = spec
	p.env.Work = artifact.OpenWorkDir(dir)
	p.env.Only, p.env.Waive = ctx.StringSlice("only"), ctx.StringSlice("waive")
	if _, err := spec.Only(p.env.Only); err != nil {
		return usageError{err.Error()}
	}
	p.env.Now, p.env.Rand, p.env.Operator = time.Now, rand.Reader, rollout.ThisOperator()
	if p.progress = p.newProgress(ctx); p.progress != nil {
		p.env.Progress = p.progress.event
	}
	p.dialer = p.newDialer(ctx, spec, p.env.Work)
	p.env.Dial = func(ctx context.Context, n cluster.Node) (plan.Conn, error) {
		client, err := p.dialer.Dial(ctx, n)
		if err != nil {
			return nil, err // not a nil *Client in an interface
		}
		return client, nil
	}
	return nil
}

// choices are the flags that take one of a few words.
var choices = []struct {
	flag  string
	words []string
}{
	{"output", []string{"text", "json"}},
	{"progress", []string{"auto", "plain", "json"}},
	{"log-level", []string{"error", "info", "debug"}},
}

func (p *program) checkChoices(ctx *cli.Context) error {
	for _, c := range choices {
		if got := ctx.String(c.flag); !slices.Contains(c.words, got) {
			return usagef("--%s: want one of %v, got %q", c.flag, c.words, got)
		}
	}
	return nil
}

func problemsOf(err error) []cluster.Problem { return cluster.ProblemsOf(err) }
