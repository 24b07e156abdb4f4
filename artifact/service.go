package artifact

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/coreos/go-systemd/v22/unit"
)

// InputsVariable is the environment variable that carries the hash of what a unit reads only at its start. A unit is
// stale when the value in its rendered file differs from the one in /proc/<MainPID>/environ.
const InputsVariable = "HARDWAY_INPUTS"

// UnitDir is where units of hardway stand on a host.
const UnitDir = "/etc/systemd/system"

// Flag is one --name=value of a command line.
type Flag struct {
	Name, Value string
	// Inert: the running process does not depend on the value (etcd's --initial-cluster counts only for the very
	// first start), so a change of it makes no unit stale.
	Inert bool
}

// String is the flag as it is written.
func (f Flag) String() string { return "--" + f.Name + "=" + f.Value }

// Service is a systemd service as data.
type Service struct {
	// Name is the unit's name with its suffix, as in etcd.service.
	Name          string
	Description   string
	Documentation string
	After, Wants  []string
	// Binary is the absolute path of the executable, Version what it should be: both are inputs.
	Binary, Version string
	Flags           []Flag
	// UnitOptions are further lines of [Unit], Options of [Service], in order.
	UnitOptions, Options []Option
}

// Option is one Name=Value line of a unit's section.
type Option struct{ Name, Value string }

// File renders the service with the hash of its inputs: its own definition without inert flags, its binary's version,
// and every file of files that the reads say this unit reads only at start. files may hold more than the unit reads.
func (s Service) File(component string, files []File, reads []Read) (File, error) {
	inputs, err := s.inputs(files, reads)
	if err != nil {
		return File{}, fmt.Errorf("failed to hash the inputs of %s: %w", s.Name, err)
	}
	text, err := s.Text(inputs)
	if err != nil {
		return File{}, err
	}
	// 0600: CIS wants units unreadable for others.
	return File{Path: UnitDir + "/" + s.Name, Mode: 0o600, Component: component, Content: Bytes(text)}, nil
}

func (s Service) options(flags []Flag, inputs string) []*unit.UnitOption {
	out := []*unit.UnitOption{unit.NewUnitOption("Unit", "Description", s.Description)}
	if s.Documentation != "" {
		out = append(out, unit.NewUnitOption("Unit", "Documentation", s.Documentation))
	}
	for _, order := range []struct {
		name  string
		units []string
	}{{"Wants", s.Wants}, {"After", s.After}} {
		if len(order.units) > 0 {
			out = append(out, unit.NewUnitOption("Unit", order.name, strings.Join(order.units, " ")))
		}
	}
	for _, o := range s.UnitOptions {
		out = append(out, unit.NewUnitOption("Unit", o.Name, o.Value))
	}
	out = append(out, unit.NewUnitOption("Service", "Environment", InputsVariable+"="+inputs))
	out = append(out, unit.NewUnitOption("Service", "ExecStart", commandLine(s.Binary, flags)))
	for _, o := range s.Options {
		out = append(out, unit.NewUnitOption("Service", o.Name, o.Value))
	}
	return append(out, unit.NewUnitOption("Install", "WantedBy", "multi-user.target"))
}

// commandLine puts one flag on a line, so that a person can read it and a review shows the one that changed.
func commandLine(binary string, flags []Flag) string {
	words := []string{binary}
	for _, f := range flags {
		words = append(words, f.String())
	}
	return strings.Join(words, " \\\n  ")
}

func (s Service) inputs(files []File, reads []Read) (string, error) {
	definition, err := s.Definition()
	if err != nil {
		return "", err
	}
	return Inputs(s.Name, definition, files, reads)
}

// Text is the unit as it is written, with inputs as the hash of what it reads only at start.
func (s Service) Text(inputs string) ([]byte, error) {
	text, err := io.ReadAll(unit.Serialize(s.options(s.Flags, inputs)))
	if err != nil {
		return nil, fmt.Errorf("failed to render %s: %w", s.Name, err)
	}
	return text, nil
}

// Definition is the part of the inputs that is the service itself: all but inert flags, with its binary's version.
func (s Service) Definition() ([]byte, error) {
	live := slices.DeleteFunc(slices.Clone(s.Flags), func(f Flag) bool { return f.Inert })
	return io.ReadAll(unit.Serialize(s.options(live, s.Version)))
}

// Inputs hashes a unit's definition together with every file it reads only at start.
func Inputs(unitName string, definition []byte, files []File, reads []Read) (string, error) {
	startOnly := map[string]bool{}
	for _, r := range reads {
		if r.Unit == unitName && r.Effect == Restart {
			startOnly[r.Path] = true
		}
	}
	lines := []string{Digest(definition)}
	for _, f := range files {
		if !startOnly[f.Path] || f.IsDir() {
			continue
		}
		sum, err := f.Content.SHA256()
		if err != nil {
			return "", err
		}
		lines = append(lines, sum+" "+f.Path)
	}
	slices.Sort(lines)
	return Digest([]byte(strings.Join(lines, "\n"))), nil
}
