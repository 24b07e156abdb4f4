package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"hardway/artifact"
)

// wants is where a unit is linked to be started with a target.
func wants(target, unit string) string {
	return artifact.UnitDir + "/" + target + ".wants/" + unit
}

// enabled is systemd's word for whether a unit starts at boot.
func (m *manager) enabled(unit string) string {
	at, err := m.host.tree.resolve(artifact.UnitDir, true)
	if err != nil {
		return "disabled"
	}
	links, _ := fs.Glob(m.host.tree.root.FS(), path.Join(at, "*.wants", globQuoted(unit)))
	if len(links) > 0 {
		return "enabled"
	}
	return "disabled"
}

var globQuoting = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`)

func globQuoted(s string) string { return globQuoting.Replace(s) }

// enable links the unit into the targets that want it.
func (m *manager) enable(unit string) error {
	s := m.service(unit)
	// Like systemctl, which reads the file and not what systemd has loaded.
	paths, err := m.host.unitFiles(unit)
	if err != nil {
		return err
	}
	d, err := m.host.define(unit, paths)
	if err != nil {
		return err
	}
	if len(d.wantedBy) == 0 {
		return fmt.Errorf("%s has no WantedBy= and cannot be enabled", s.name)
	}
	for _, target := range d.wantedBy {
		if err := m.link(target, unit, paths[0]); err != nil {
			return fmt.Errorf("failed to enable %s: %w", unit, err)
		}
	}
	return nil
}

func (m *manager) link(target, unit, file string) error {
	link := wants(path.Base(target), unit)
	if err := m.host.tree.mkdirAll(path.Dir(link), 0o755); err != nil {
		return err
	}
	at, err := m.host.tree.resolve(link, false)
	if err != nil {
		return err
	}
	err = m.host.tree.root.Symlink(file, at)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// disable takes the links off again.
func (m *manager) disable(unit string) error {
	at, err := m.host.tree.resolve(artifact.UnitDir, true)
	if err != nil {
		return err
	}
	links, err := fs.Glob(m.host.tree.root.FS(), path.Join(at, "*.wants", globQuoted(unit)))
	for _, l := range links {
		err = errors.Join(err, m.host.tree.root.Remove(l))
	}
	return err
}
