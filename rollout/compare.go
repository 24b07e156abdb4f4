package rollout

import (
	"context"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"slices"

	"hardway/artifact"
	"hardway/etcd"
	"hardway/remote"
)

// Compare looks at a host once and says what separates it from what it should be.
func Compare(ctx context.Context, host remote.Looker, want Want) (Change, error) {
	manifest, err := want.record().file()
	if err != nil {
		return Change{}, err
	}
	want.Files = append(slices.Clone(want.Files), manifest)
	state, err := host.Look(ctx, want.query())
	if err != nil {
		return Change{}, err
	}
	change := Change{Host: want.Node.Name, State: state, want: want}
	for _, f := range want.Files {
		if err := change.addFile(f); err != nil {
			return Change{}, err
		}
	}
	change.addLeftovers()
	change.addUnfinished()
	if err := change.addStrays(ctx, host); err != nil {
		return Change{}, err
	}
	return change, change.addUnits()
}

func (w Want) query() remote.Query {
	q := remote.Query{Units: w.units(""), Owners: w.owners()}
	for _, f := range w.Files {
		q.Paths = append(q.Paths, f.Path)
	}
	for dir := range w.stagingDirs() {
		q.Paths = append(q.Paths, dir)
	}
	q.Paths = append(append(q.Paths, unfinishedDir, LockPath, remote.LockDir(LockPath)), w.Watch...)
	for _, dir := range w.ground() {
		if !slices.Contains(q.Paths, dir) {
			q.Paths = append(q.Paths, dir)
		}
	}
	return q
}

// stagingDirs is every directory that files of the host may be staged in, with the component of one of them, in order.
func (w Want) stagingDirs() iter.Seq2[string, string] {
	files := w.Files
	if slices.ContainsFunc(files, func(f artifact.File) bool { return f.Component == etcd.Component }) {
		// Part of no tree: it stands only while a cluster begins.
		files = append(slices.Clone(files), etcd.BootstrapEnv())
	}
	return func(yield func(string, string) bool) {
		seen := map[string]bool{}
		for _, f := range files {
			dir := remote.StagingDir(path.Dir(f.Path))
			if f.IsDir() || seen[dir] {
				continue
			}
			if seen[dir] = true; !yield(dir, f.Component) {
				return
			}
		}
	}
}

// addLeftovers finds what a run that was cut off left staged.
func (c *Change) addLeftovers() {
	for dir, component := range c.want.stagingDirs() {
		if c.State.Paths[dir].Exists {
			c.Files = append(c.Files, FileChange{
				Path: dir, Verb: Delete, Reason: "was left staged by a run that was cut off",
				File: artifact.File{Path: dir, Mode: fs.ModeDir | 0o700, Component: component},
			})
		}
	}
}

// addUnfinished finds a commit that was cut off: what it replaced is kept in a generation that no commit has ended. The next
// one ends it, whatever it delivers.
func (c *Change) addUnfinished() {
	if !c.cutOff() {
		return
	}
	verb, reason := Finish, "a run was cut off while it replaced files here"
	if c.want.undoes {
		verb, reason = Delete, "what it keeps is put back"
	}
	c.Files = append(c.Files, FileChange{
		Path: unfinishedDir, Verb: verb, Reason: reason,
		File: artifact.File{Path: unfinishedDir, Mode: fs.ModeDir | 0o700, Component: deliveredComponent},
	})
}

func (c *Change) addFile(f artifact.File) error {
	verb, reason, err := difference(f, c.State.Paths[f.Path])
	if err != nil {
		return fmt.Errorf("failed to read what %s should hold on %s: %w", f.Path, c.Host, err)
	}
	if verb != "" {
		c.Files = append(c.Files, FileChange{Path: f.Path, Verb: verb, Reason: reason, File: f})
	}
	return nil
}

func difference(f artifact.File, seen remote.PathState) (Verb, string, error) {
	if !seen.Exists {
		return Create, "missing", nil
	}
	if !f.IsDir() {
		sum, err := f.Content.SHA256()
		if err != nil {
			return "", "", err
		}
		if sum != seen.SHA256 {
			return Update, fmt.Sprintf("holds sha256:%.12s, should hold sha256:%.12s", seen.SHA256, sum), nil
		}
	}
	if seen.Mode.Perm() != f.Mode.Perm() {
		return Correct, fmt.Sprintf("mode is %04o, should be %04o", seen.Mode.Perm(), f.Mode.Perm()), nil
	}
	if seen.Owner != f.OwnerOrRoot() {
		return Correct, fmt.Sprintf("owner is %s, should be %s", seen.Owner, f.OwnerOrRoot()), nil
	}
	return "", "", nil
}

// addUnits decides what systemd has to be asked, from the units' states and the files that change.
func (c *Change) addUnits() error {
	for _, unit := range c.want.units("") {
		if err := c.addUnit(unit); err != nil {
			return err
		}
	}
	return nil
}

// definitionChange says why systemd has to read a unit's files again: they change now, or an earlier run died before it
// asked for that.
func (c *Change) definitionChange(unit string) string {
	for _, f := range c.Files {
		if name, ok := artifact.UnitOf(f.Path); ok && name == unit && f.Verb != Correct {
			return f.Path + " changes"
		}
	}
	switch seen := c.State.Units[unit]; {
	case seen.NeedReload:
		return "its files have changed since systemd read them"
	case seen.Load == "not-found" && c.want.defines(unit):
		return "systemd does not know it yet"
	}
	return ""
}

func (c *Change) addUnit(unit string) error {
	seen := c.State.Units[unit]
	wanted, err := wantedInputs(c.want.Files, unit)
	if err != nil {
		return err
	}
	if reason := c.definitionChange(unit); reason != "" {
		c.Units = append(c.Units, UnitChange{unit, ReloadDaemon, reason})
	}
	if seen.Enabled != "enabled" {
		c.Units = append(c.Units, UnitChange{unit, Enable, "does not start at boot"})
	}
	switch {
	case !seen.Running():
		c.Units = append(c.Units, UnitChange{unit, Start, "is not running"})
	case seen.Inputs != wanted:
		c.Units = append(c.Units, UnitChange{unit, RestartUnit, c.staleness(unit)})
	case c.reloads(unit):
		c.Units = append(c.Units, UnitChange{unit, ReloadUnit, "a file it reads again on reload changes"})
	}
	return nil
}

// staleness names the changed file a restart is for; where none changes now, an earlier run delivered it.
func (c *Change) staleness(unit string) string {
	for _, r := range c.want.Reads {
		if r.Unit == unit && r.Effect == artifact.Restart && c.changes(r.Path) {
			return r.Path + " changes, and is read only at start"
		}
	}
	return "runs on inputs that are no longer what stands there"
}

func (c *Change) reloads(unit string) bool {
	return slices.ContainsFunc(c.want.Reads, func(r artifact.Read) bool {
		return r.Unit == unit && r.Effect == artifact.Reload && c.changes(r.Path)
	})
}

func (c *Change) changes(path string) bool {
	return slices.ContainsFunc(c.Files, func(f FileChange) bool { return f.Path == path })
}

func wantedInputs(files []artifact.File, unit string) (string, error) {
	for _, f := range files {
		if name, ok := artifact.UnitOf(f.Path); ok && name == unit {
			inputs, err := artifact.InputsOf(f)
			if err != nil || inputs != "" {
				return inputs, err
			}
		}
	}
	return "", nil
}
