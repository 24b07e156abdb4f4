package rollout

import (
	"context"
	"maps"
	"slices"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/remote"
)

// Want is what should stand on one host.
type Want struct {
	Node  cluster.Node
	Files []artifact.File
	Reads []artifact.Read
	// Watch is further paths to look at in the same round trip; their states are in Change.State.
	Watch []string
	// Keep is paths that stay where they stand though they are not among Files any more: somebody else may see to them.
	Keep []string
	// Run is what the change will be part of.
	Run Run
	// Confirm is asked before anything is staged or committed, whether the run may still change the host; nil where nothing speaks against it.
	Confirm func(context.Context, remote.Changer) error

	// foreign is paths of files that were there before hardway delivered: they are none of what it delivered.
	foreign []string
	// undoes: what a change replaced is put back, and with that the change is as if it had not been.
	undoes bool
	// leaves: what was there before hardway comes back, and nothing is kept of what goes.
	leaves bool
}

// Change is the difference between a host and what it should be: data, to print or to execute.
type Change struct {
	Host  string
	Files []FileChange
	Units []UnitChange
	// State is what the difference was computed from.
	State remote.State

	want Want
	// record is what hardway delivered here before.
	record delivered
}

// Verb is what happens to a file or a unit.
type Verb string

// The verbs, for files first, then for units.
const (
	Create  Verb = "create"
	Update  Verb = "update"
	Correct Verb = "correct" // same bytes, other mode or owner
	Delete  Verb = "delete"
	Finish  Verb = "finish" // what a commit that was cut off has begun

	Enable       Verb = "enable"
	Start        Verb = "start"
	RestartUnit  Verb = "restart"
	ReloadUnit   Verb = "reload"
	ReloadDaemon Verb = "daemon-reload"
)

// FileChange is one path that is not as it should be.
type FileChange struct {
	Path   string
	Verb   Verb
	Reason string
	File   artifact.File
}

// bookkeeping reports whether the path is hardway's own: a staging directory that was left, a commit that was cut off.
func (f FileChange) bookkeeping() bool {
	return f.Verb == Finish || f.Verb == Delete && f.File.IsDir()
}

// UnitChange is one thing systemd is asked to do.
type UnitChange struct {
	Unit   string
	Verb   Verb
	Reason string
}

// Empty reports whether the host is as it should be.
func (c Change) Empty() bool { return len(c.Files) == 0 && len(c.Units) == 0 }

// Locked reports whether there is a lock on the host, or what one was being made of: somebody is at work there, or died at
// it. It is no difference: a lock is no part of what a host should be.
func (c Change) Locked() bool {
	return c.State.Paths[LockPath].Exists || c.State.Paths[remote.LockDir(LockPath)].Exists
}

// Delivers reports whether any file would change.
func (c Change) Delivers() bool { return len(c.Files) > 0 }

// Stands is what should stand at a path, where the host holds just that.
func (c Change) Stands(path string) (artifact.File, bool) {
	i := slices.IndexFunc(c.want.Files, func(f artifact.File) bool { return f.Path == path })
	if i < 0 || c.changes(path) {
		return artifact.File{}, false
	}
	return c.want.Files[i], true
}

// Unit is the change of one unit by its verb.
func (c Change) Unit(verb Verb) (UnitChange, bool) {
	for _, u := range c.Units {
		if u.Verb == verb {
			return u, true
		}
	}
	return UnitChange{}, false
}

// Of is the part of the change that belongs to one component.
func (c Change) Of(component string) Change {
	out := c
	out.Files = slices.DeleteFunc(slices.Clone(c.Files), func(f FileChange) bool { return f.File.Component != component })
	units := c.want.units(component)
	out.Units = slices.DeleteFunc(slices.Clone(c.Units), func(u UnitChange) bool {
		return !slices.Contains(units, u.Unit)
	})
	return out
}

// Runs reports the units of a component that have a live process on the host.
func (c Change) Runs(component string) []string {
	units := c.want.units(component)
	for _, f := range c.Files {
		if unit, ok := artifact.UnitOf(f.Path); ok && f.Verb == Delete && f.File.Component == component {
			units = append(units, unit)
		}
	}
	var running []string
	for _, unit := range units {
		if c.State.Units[unit].Running() {
			running = append(running, unit)
		}
	}
	return running
}

// RunsWithout is the units that run and whose file or drop-in is to go.
func (c Change) RunsWithout() []string {
	var units []string
	for _, f := range c.Files {
		if unit, ok := artifact.UnitOf(f.Path); ok && f.Verb == Delete && c.State.Units[unit].Running() && !slices.Contains(units, unit) {
			units = append(units, unit)
		}
	}
	return units
}

// Components is every component that has files on the host, or had some that are to go, in order.
func (c Change) Components() []string {
	names := map[string]bool{}
	for _, f := range c.want.Files {
		names[f.Component] = true
	}
	for _, f := range c.Files {
		names[f.File.Component] = true
	}
	delete(names, deliveredComponent)
	return slices.Sorted(maps.Keys(names))
}

// defines reports whether the unit's own file is delivered; drop-ins alone extend a unit that a package brings.
func (w Want) defines(unit string) bool {
	return slices.ContainsFunc(w.Files, func(f artifact.File) bool { return f.Path == artifact.UnitDir+"/"+unit })
}

// units is the units whose file or drop-in belongs to the component; "" is all of them.
func (w Want) units(component string) []string {
	var units []string
	for _, f := range w.Files {
		if component != "" && f.Component != component {
			continue
		}
		if unit, ok := artifact.UnitOf(f.Path); ok && !slices.Contains(units, unit) {
			units = append(units, unit)
		}
	}
	return units
}
