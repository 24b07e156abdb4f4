package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"hardway/artifact"
	"hardway/remote"
)

// manager is a host's stand-in for systemd.
type manager struct {
	host *host

	mu       sync.Mutex
	services map[string]*service
}

// service is the unit by its name; one that was never mentioned is read now, as systemd does.
func (m *manager) service(name string) *service {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, ok := m.services[name]; ok {
		return s
	}
	s := &service{name: name, host: m.host, active: "inactive", sub: "dead"}
	s.load()
	if !s.missing() {
		m.services[name] = s
	}
	return s
}

// all is every unit that is known, by name.
func (m *manager) all() []*service {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []*service
	for _, s := range m.services {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b *service) int { return strings.Compare(a.name, b.name) })
	return out
}

// state is what systemctl show says of a unit, with the inputs that its main process was started with.
func (m *manager) state(name string) remote.UnitState {
	s := m.service(name)
	pid := s.pid()
	need := s.needReload()
	s.mu.Lock()
	defer s.mu.Unlock()
	out := remote.UnitState{Load: "loaded", Active: s.active, Sub: s.sub, NeedReload: need, MainPID: pid}
	switch {
	case errors.Is(s.loadError, errNotFound):
		return remote.UnitState{Load: "not-found", Active: s.active, Sub: s.sub, MainPID: pid}
	case s.loadError != nil:
		out.Load = "bad-setting"
	}
	out.Enabled = m.enabled(name)
	if pid > 0 {
		out.Inputs = variableOf(pid, artifact.InputsVariable)
	}
	return out
}

// reload reads every unit again. Units that stand on the host and were never mentioned are read too, so that they are
// known by what stood there now.
func (m *manager) reload() error {
	for _, name := range m.host.unitNames() {
		m.service(name)
	}
	for _, s := range m.all() {
		s.load()
	}
	return m.host.linkBinaries()
}

func (h *host) unitNames() []string {
	var names []string
	for _, dir := range unitPath {
		at, err := h.tree.resolve(dir, true)
		if err != nil {
			continue
		}
		entries, _ := fs.ReadDir(h.tree.root.FS(), at)
		for _, e := range entries {
			if strings.HasSuffix(e.Name(), ".service") && !e.IsDir() && !slices.Contains(names, e.Name()) {
				names = append(names, e.Name())
			}
		}
	}
	return names
}

// boot starts what is enabled.
func (m *manager) boot(ctx context.Context) {
	for _, name := range m.host.unitNames() {
		if m.enabled(name) == "enabled" {
			_ = m.service(name).start(ctx, false)
		}
	}
}

// crash is a power cut.
func (m *manager) crash() {
	var wg sync.WaitGroup
	for _, s := range m.all() {
		wg.Go(s.crash)
	}
	wg.Wait()
}

// Exit codes of systemctl: its man page, "Exit status".
const exitNoUnit = 5

// verbs is what systemctl can be asked to do to each of some units.
var verbs = map[string]func(m *manager, ctx context.Context, unit string, wait bool) error{
	"start": func(m *manager, ctx context.Context, unit string, wait bool) error {
		return m.service(unit).start(ctx, wait)
	},
	"stop": func(m *manager, ctx context.Context, unit string, wait bool) error {
		return m.service(unit).stop(ctx, wait)
	},
	"restart": (*manager).restart,
	"reload": func(m *manager, ctx context.Context, unit string, _ bool) error {
		return m.service(unit).reload(ctx)
	},
	"enable":  func(m *manager, _ context.Context, unit string, _ bool) error { return m.enable(unit) },
	"disable": func(m *manager, _ context.Context, unit string, _ bool) error { return m.disable(unit) },
	"reset-failed": func(m *manager, _ context.Context, unit string, _ bool) error {
		m.service(unit).resetFailed()
		return nil
	},
}

// systemctl does what the arguments say and returns the exit code; what went wrong is written to errs.
func (m *manager) systemctl(ctx context.Context, args []string, errs io.Writer) int {
	verb, units, wait := args[0], []string(nil), true
	for _, a := range args[1:] {
		switch {
		case a == "--no-block":
			wait = false
		case strings.HasPrefix(a, "-"):
			fmt.Fprintf(errs, "systemctl: this host does not know the option %s\n", a)
			return exitFailed
		default:
			units = append(units, unitName(a))
		}
	}
	if verb == "daemon-reload" {
		if err := m.reload(); err != nil {
			fmt.Fprintf(errs, "Failed to reload daemon: %v\n", err)
			return exitFailed
		}
		return exitDone
	}
	if verb == "reset-failed" && len(units) == 0 {
		for _, s := range m.all() {
			units = append(units, s.name)
		}
	}
	do, ok := verbs[verb]
	if !ok {
		fmt.Fprintf(errs, "Unknown command verb %s.\n", verb)
		return exitFailed
	}
	return m.each(ctx, verb, do, units, wait, errs)
}

func (m *manager) each(ctx context.Context, verb string, do func(*manager, context.Context, string, bool) error, units []string, wait bool, errs io.Writer) int {
	code := exitDone
	for _, unit := range units {
		if m.service(unit).missing() && verb != "reset-failed" && verb != "disable" {
			fmt.Fprintf(errs, "Failed to %s %s: Unit %s not found.\n", verb, unit, unit)
			code = exitNoUnit
			continue
		}
		if err := do(m, ctx, unit, wait); err != nil {
			fmt.Fprintf(errs, "Job for %s failed: %v; its log is %s\n", unit, err, m.host.logFile(unit))
			code = max(code, exitFailed)
		}
	}
	return code
}

// missing reports whether the unit has no file.
func (s *service) missing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Is(s.loadError, errNotFound)
}

// unitName completes a name as systemctl does.
func unitName(name string) string {
	if path.Ext(name) == "" {
		return name + ".service"
	}
	return name
}

func (m *manager) restart(ctx context.Context, unit string, wait bool) error {
	s := m.service(unit)
	if err := s.stop(ctx, wait); err != nil {
		return err
	}
	return s.start(ctx, wait)
}

func (s *service) resetFailed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.starts = nil
	if s.active == "failed" {
		s.active, s.sub, s.result = "inactive", "dead", ""
	}
}
