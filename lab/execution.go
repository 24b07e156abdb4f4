package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"syscall"
)

// execution is what the commands of a unit run with. variables is what they may refer to, unmapped; environment is what
// their processes get.
type execution struct {
	variables, environment []string
	dir                    string
}

// with adds the main process, which commands refer to as $MAINPID.
func (e execution) with(pid int) execution {
	main := "MAINPID=" + strconv.Itoa(pid)
	e.variables = append(append([]string(nil), e.variables...), main)
	e.environment = append(append([]string(nil), e.environment...), main)
	return e
}

// prepare resolves a unit's user and environment, and makes its directories.
func (s *service) prepare(d *definition) (execution, error) {
	variables, err := s.variables(d)
	if err != nil {
		return execution{}, err
	}
	who, identity, err := s.identity(d)
	if err != nil {
		return execution{}, err
	}
	if err := s.makeDirectories(d, who); err != nil {
		return execution{}, err
	}
	dir := s.host.tree.dir
	if d.workingDirectory != "" {
		dir = s.host.tree.local(strings.TrimPrefix(d.workingDirectory, "-"))
	}
	return execution{variables: variables, environment: s.environ(d, variables, identity), dir: dir}, nil
}

func (s *service) makeDirectories(d *definition, who owner) error {
	for _, dir := range d.directories {
		for _, p := range dir.paths {
			at, err := s.host.tree.resolve(p, true)
			if err == nil {
				err = s.host.tree.root.MkdirAll(at, 0o755)
			}
			if err == nil {
				err = errors.Join(s.host.tree.root.Chmod(at, dir.mode), s.host.owners.set(at, who))
			}
			if err != nil {
				return fmt.Errorf("failed to make %s: %w", p, err)
			}
		}
	}
	return nil
}

// removeRuntime takes RuntimeDirectory= off again when the unit goes down.
func (s *service) removeRuntime(d *definition) {
	for _, dir := range d.directories {
		for _, p := range dir.paths {
			if strings.HasPrefix(p, "/run/") {
				_ = s.host.tree.removeAll(p)
			}
		}
	}
}

// errNoBinary says that a unit's program does not stand on the host.
type errNoBinary struct{ path string }

func (e errNoBinary) Error() string {
	return fmt.Sprintf("no binary: failed to execute %s: it does not stand on this host (status 203/EXEC)", e.path)
}

// hasBinary reports whether a program stands on the host and can be executed.
func (h *host) hasBinary(program string) bool {
	info, err := h.tree.stat(program)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}

// launch starts a command as a process of its own, every path mapped into the host's folder, also those in the files that
// it names.
func (s *service) launch(line execLine, e execution, log *os.File) (*process, error) {
	if !s.host.hasBinary(line.program()) {
		return nil, errNoBinary{line.program()}
	}
	argv, err := s.handover(line.program(), e.dir).words(line.arguments(e.variables))
	if err != nil {
		return nil, fmt.Errorf("failed to hand %s over what it reads: %w", line.program(), err)
	}
	p, err := s.host.spawner.start(s.host.mapping().path(line.program()), argv, e.environment, e.dir, log)
	if err != nil {
		return nil, fmt.Errorf("failed to execute %s: %w", line.program(), err)
	}
	return p, nil
}

// auxiliaries runs commands one after the other, each to its end. Some are done here; others are programs of the host.
func (s *service) auxiliaries(ctx context.Context, lines []execLine, e execution, log *os.File) error {
	for _, line := range lines {
		err := s.auxiliary(ctx, line, e, log)
		if err == nil {
			continue
		}
		err = fmt.Errorf("%s: %w", line.program(), err)
		fmt.Fprintf(log, "systemd: %s: %v\n", s.name, err)
		if !line.ignoreFailure {
			return err
		}
	}
	return nil
}

func (s *service) auxiliary(ctx context.Context, line execLine, e execution, log *os.File) error {
	if dir := path.Dir(line.program()); dir == "/bin" || dir == "/usr/bin" {
		if builtin, ok := builtins[path.Base(line.program())]; ok {
			return builtin(s, line.arguments(e.variables)[1:])
		}
	}
	p, err := s.launch(line, e, log)
	if err != nil {
		return err
	}
	select {
	case <-p.exited:
	case <-ctx.Done():
		_ = p.signalGroup(syscall.SIGKILL)
		<-p.exited
		return ctx.Err()
	}
	if code := p.ended.ExitStatus(); code != 0 {
		return fmt.Errorf("exited with status %d", code)
	}
	return nil
}

// builtins is the commands that units use around their main process, done within the host's folder.
var builtins = map[string]func(s *service, args []string) error{
	"true":  func(*service, []string) error { return nil },
	"rm":    (*service).rm,
	"mkdir": (*service).mkdir,
	"kill":  (*service).kill,
}

func operands(args []string) (flags string, rest []string) {
	for i, a := range args {
		switch {
		case a == "--":
			return flags, append(rest, args[i+1:]...)
		case strings.HasPrefix(a, "-"):
			flags += strings.TrimLeft(a, "-")
		default:
			rest = append(rest, a)
		}
	}
	return flags, rest
}

func (s *service) rm(args []string) error {
	flags, paths := operands(args)
	f := s.host.files()
	for _, p := range paths {
		at, err := f.tree.resolve(p, false)
		switch {
		case err != nil:
		case strings.ContainsAny(flags, "rR"):
			err = errors.Join(f.tree.root.RemoveAll(at), f.owners.forget(at))
		default:
			err = f.remove(at, false)
		}
		if err != nil && (!strings.Contains(flags, "f") || !errors.Is(err, fs.ErrNotExist)) {
			return err
		}
	}
	return nil
}

func (s *service) mkdir(args []string) error {
	flags, paths := operands(args)
	for _, p := range paths {
		at, err := s.host.tree.resolve(p, true)
		switch {
		case err != nil:
		case strings.Contains(flags, "p"):
			err = s.host.tree.root.MkdirAll(at, 0o755)
		default:
			err = s.host.tree.root.Mkdir(at, 0o755)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// kill signals the unit's own main process, and no other of this machine.
func (s *service) kill(args []string) error {
	name, pids := operands(args)
	if name == "" {
		name = "TERM"
	}
	signal, ok := signalNamed(name)
	s.mu.Lock()
	main := s.main
	s.mu.Unlock()
	if !ok || main == nil || len(pids) != 1 || pids[0] != strconv.Itoa(main.pid) {
		return fmt.Errorf("failed to signal: want a signal and $MAINPID, got %q", args)
	}
	return main.signal(signal)
}
