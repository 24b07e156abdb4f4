package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"path"
	"path/filepath"

	"hardway/check"
	"hardway/remote"
)

// Exit codes as a shell and systemctl give them.
const (
	exitDone     = 0
	exitFailed   = 1
	exitNotFound = 127
)

// commands is what a host does when it is asked over SSH: the fixed set that package remote has, and nothing else.
type commands struct {
	host    string
	files   files
	units   *manager
	digests *digests
}

// run does what the line says and returns its exit code.
func (c commands) run(ctx context.Context, line string, in io.Reader, out, errs io.Writer) int {
	command, ok := remote.ParseLine(line)
	if !ok {
		fmt.Fprintf(errs, "%s: this host runs only what hardway asks of hosts, and not: %s\n", c.host, line)
		return exitNotFound
	}
	if query, ok := command.Query(); ok {
		_, err := out.Write(c.look(query).Encode(query))
		return c.report(errs, command, err)
	}
	if script, ok := check.InFolder(command, c.units.host.kernel.dir); ok {
		return c.facts(ctx, script, out, errs)
	}
	if addresses, ok := command.Listens(); ok {
		return c.listen(ctx, addresses, in, out, errs)
	}
	if unit, ok := command.Holds(); ok {
		return c.hold(ctx, unit, in, out, errs)
	}
	var err error
	switch command.Name {
	case "systemctl":
		return c.units.systemctl(ctx, command.Args, errs)
	case "systemd-sysusers":
		err = users{c.files.tree}.declare(command.Args[0])
	case "rm":
		if command.Args[0] == "-rf" {
			err = c.removeAll(command.Args[2:])
			break
		}
		err = c.remove(command.Args[2:])
	case "chown":
		err = c.own(command.Args[2], command.Args[3])
	case "/usr/local/bin/etcdutl":
		return c.units.host.program(ctx, command.Name, command.Args, errs)
	case "find":
		err = c.find(command)
	case "rmdir":
		err = c.removeDirs(command.Args[2:])
	case "userdel":
		err = users{c.files.tree}.remove(command.Args[1])
	case "haproxy":
		return c.units.host.program(ctx, "/usr/sbin/haproxy", command.Args, errs)
	default:
		fmt.Fprintf(errs, "%s: command not found\n", command.Name)
		return exitNotFound
	}
	return c.report(errs, command, err)
}

func (c commands) report(errs io.Writer, command remote.Command, err error) int {
	if err == nil {
		return exitDone
	}
	fmt.Fprintf(errs, "%s: %v\n", command.Name, err)
	return exitFailed
}

// remove is rm -f: what is not there is fine, a directory is not.
func (c commands) remove(paths []string) error {
	var errs []error
	for _, p := range paths {
		at, err := c.files.tree.resolve(p, false)
		if err == nil {
			err = c.files.remove(at, false)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("failed to remove %s: %w", p, err))
		}
	}
	return errors.Join(errs...)
}

// program runs a program of the host to its end, as a person would who is logged in there.
func (h *host) program(ctx context.Context, program string, args []string, errs io.Writer) int {
	if !h.hasBinary(program) {
		fmt.Fprintf(errs, "%s: command not found\n", program)
		return exitNotFound
	}
	given := &handover{host: h, program: path.Base(program), dir: filepath.Join(h.dir, "handover", "ssh"), workingDirectory: h.tree.dir, done: map[string]string{}}
	words, err := given.words(args)
	if err != nil {
		fmt.Fprintf(errs, "%s: %v\n", program, err)
		return exitFailed
	}
	run := exec.CommandContext(ctx, h.mapping().path(program), words...)
	run.Dir, run.Stdout, run.Stderr = h.tree.dir, errs, errs
	if err := run.Run(); err != nil {
		return exitFailed
	}
	return exitDone
}
