package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"hardway/lab"
)

func main() {
	if lab.RunAsTool(os.Args) { // a member of the lab's etcd is a process of this executable
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := dispatch(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

// dispatch runs the benches, or what they run as processes of their own.
func dispatch(ctx context.Context, args []string) error {
	switch {
	case len(args) == 1 && args[0] == serveWord:
		return serveLab(ctx, os.Stdin, os.Stdout)
	case len(args) == 1 && args[0] == dialWord:
		return dialAll(ctx)
	case len(args) == 1 && args[0] == shipWord:
		return shipFrom(ctx, os.Stdin)
	}
	return run(ctx, args, os.Stdout, os.Stderr)
}

// benches is every group of rows, in the order of the report.
var benches = []struct {
	name  string
	needs []string
	run   func(context.Context, *bench) ([]row, error)
}{
	{"B1", []string{"cfssl", "cfssljson", "openssl", "sh"}, certificates},
	{"B1 fleet", nil, fleet},
	{"B2", []string{"kubeadm"}, masterSet},
	{"B3", []string{"sshd", "scp", "ssh", "ansible-playbook", "sh"}, copies},
	{"B4", []string{"sshd", "ssh", "ansible-playbook"}, ten},
	{"100 MB", []string{"sshd", "scp"}, binary},
	{"1,000 hosts", nil, many},
	{"B5", []string{"sshd"}, trips},
	{"B6", []string{"docker", "ssh", "tar", "kube-apiserver", "kubectl"}, machines},
}

// bench is what every group measures with.
type bench struct {
	// dir is a directory of this run on the disk of the checkout.
	dir string
	// hardway is the built command.
	hardway string
	rounds  int
	// progress is told what is being measured.
	progress io.Writer
}

func run(ctx context.Context, args []string, out, progress io.Writer) (err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	rounds := flags.Int("rounds", 15, "how often each comparison is repeated")
	only := flags.String("only", "", "measure only rows whose group begins with this, as in B3")
	if err := flags.Parse(args); err != nil {
		return err
	}
	b := &bench{rounds: *rounds, progress: progress}
	if b.hardway, err = filepath.Abs("bin/hardway"); err != nil {
		return err
	}
	if err := b.check(*only); err != nil {
		return err
	}
	if b.dir, err = newDir(".cache"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	var rows []row
	for _, group := range benches {
		if !strings.HasPrefix(group.name, *only) {
			continue
		}
		measured, err := group.run(ctx, b)
		if err != nil {
			return fmt.Errorf("%s: %w", group.name, err)
		}
		rows = append(rows, measured...)
	}
	return report(out, b, rows)
}

func newDir(parent string) (string, error) {
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp(parent, "bench-")
	if err != nil {
		return "", err
	}
	return filepath.Abs(dir)
}
