package lab

import (
	_ "embed"
	"fmt"
	"os/exec"
	"path"
)

// distribution is what a package of a host's distribution brings.
type distribution struct {
	// units is text by name; directories are made at every boot, as tmpfiles.d(5) does.
	units       map[string]string
	directories []string
	// programs are absolute paths. Each is this machine's program of that name; where it has none, the host has none.
	programs []string
}

//go:embed haproxy.service
var haproxyUnit string

// distributions is the packages that a host can have, as in Debian 12, by name.
var distributions = map[string]distribution{
	"haproxy": {
		units:       map[string]string{"haproxy.service": haproxyUnit},
		directories: []string{"/etc/haproxy", "/run/haproxy", "/var/lib/haproxy"},
		programs:    []string{"/usr/sbin/haproxy"},
	},
}

// packagesOf is the packages by their names, and their programs by path with where each stands on this machine.
func packagesOf(names []string) (packages []distribution, programs map[string]string, err error) {
	programs = map[string]string{}
	for _, name := range names {
		d, ok := distributions[name]
		if !ok {
			return nil, nil, fmt.Errorf("failed to install package %s: there is no such package", name)
		}
		packages = append(packages, d)
		for _, program := range d.programs {
			if at, ok := machineProgram(program); ok {
				programs[program] = at
			}
		}
	}
	return packages, programs, nil
}

// install lays down what the host's packages bring besides programs.
func (h *host) install() error {
	for _, p := range h.packages {
		for _, dir := range p.directories {
			if err := h.tree.mkdirAll(dir, 0o755); err != nil {
				return fmt.Errorf("failed to make %s of %s: %w", dir, h.Name, err)
			}
		}
		for name, text := range p.units {
			if err := h.tree.writeFile(distributionUnits+"/"+name, []byte(text)); err != nil {
				return fmt.Errorf("failed to write %s of %s: %w", name, h.Name, err)
			}
		}
	}
	return nil
}

// machineProgram finds a program of this machine; some distributions keep those of administrators out of an ordinary
// user's path.
func machineProgram(program string) (string, bool) {
	for _, name := range []string{path.Base(program), program} {
		if at, err := exec.LookPath(name); err == nil && path.IsAbs(at) {
			return at, true
		}
	}
	return "", false
}
