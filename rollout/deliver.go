package rollout

import (
	"context"
	"errors"
	"path"
	"slices"
	"strings"

	"hardway/artifact"
	"hardway/remote"
)

// Host is one host of a batch: how to change it, and the components of the difference to deliver now.
type Host struct {
	Conn       remote.Changer
	Change     Change
	Components []string
}

// Batch is hosts that are staged together: nothing is committed on any of them before all of it stands on all of them.
type Batch []Host

// Deliver stages every host and then commits every host. Units are left alone, but for systemd reading changed
// definitions.
func (b Batch) Deliver(ctx context.Context, parallel int) error {
	ready, err := b.Stage(ctx, parallel)
	if err != nil {
		return err
	}
	return remote.ForEach(ctx, ready, parallel, func(ctx context.Context, r Ready) error { return r.Commit(ctx) })
}

// Ready is a host on which everything is staged: a commit is all that is missing.
type Ready struct {
	Host
	staged remote.Staged
	// recorded: the record of what was delivered is among what is staged.
	recorded bool
	kept     *keeping
}

// Stage stages every host of the batch. When that fails anywhere, what was staged is taken off again and no host has
// changed.
func (b Batch) Stage(ctx context.Context, parallel int) ([]Ready, error) {
	ready := make([]Ready, len(b))
	err := remote.ForEach(ctx, b.indices(), parallel, func(ctx context.Context, i int) error {
		ready[i] = Ready{Host: b[i], kept: &keeping{}}
		return ready[i].stage(ctx)
	})
	if err != nil {
		return nil, errors.Join(err, discard(context.WithoutCancel(ctx), ready, parallel))
	}
	return ready, nil
}

func (b Batch) indices() []int {
	out := make([]int, len(b))
	for i := range out {
		out[i] = i
	}
	return out
}

func discard(ctx context.Context, ready []Ready, parallel int) error {
	return remote.ForEach(ctx, ready, parallel, func(ctx context.Context, r Ready) error {
		if r.staged == nil {
			return nil
		}
		return r.staged.Discard(ctx)
	})
}

// Idle reports whether delivering these components would change nothing.
func (h Host) Idle() bool {
	return len(h.Part()) == 0 && !h.Change.touchesDefinitions(h.Components)
}

// Part is the difference of the components to deliver now. What was left staged belongs to every part, because several
// components have files in one directory, and so does a commit that was cut off.
func (h Host) Part() []FileChange {
	return slices.DeleteFunc(slices.Clone(h.Change.Files), func(f FileChange) bool {
		return !slices.Contains(h.Components, f.File.Component) && !f.bookkeeping()
	})
}

// stage makes the users that own files first: an owner has to exist before a file can be staged with it.
func (h *Ready) stage(ctx context.Context) error {
	if err := h.confirm(ctx); err != nil {
		return err
	}
	if err := h.keepOriginal(ctx); err != nil {
		return err
	}
	var users, rest []artifact.File
	for _, f := range h.Part() {
		switch {
		case f.Verb == Delete || f.bookkeeping():
		case isSysusers(f.Path):
			users = append(users, f.File)
		default:
			rest = append(rest, f.File)
		}
	}
	if err := h.declareUsers(ctx, users); err != nil {
		return err
	}
	record, err := h.newRecord()
	if err != nil {
		return err
	}
	if h.recorded = record != nil; h.recorded {
		rest = append(rest, *record)
	}
	if len(rest) == 0 {
		return nil
	}
	h.staged, err = h.Conn.Stage(ctx, rest)
	return err
}

// newRecord is the record of what was delivered, where it changes. One that is left keeps it until all else is gone.
func (h Ready) newRecord() (*artifact.File, error) {
	if h.Change.want.leaves {
		return nil, nil
	}
	record, err := h.Change.recordAfter(h.Components)
	if err != nil {
		return nil, err
	}
	verb, _, err := difference(record, h.Change.State.Paths[DeliveredPath])
	if err != nil || verb == "" {
		return nil, err
	}
	return &record, nil
}

func isSysusers(path string) bool { return strings.HasPrefix(path, "/etc/sysusers.d/") }

// declareUsers ships the declarations of users and runs them; also when they stand there but an earlier run died before
// systemd-sysusers.
func (h Host) declareUsers(ctx context.Context, changed []artifact.File) error {
	if len(changed) > 0 {
		staged, err := h.Conn.Stage(ctx, changed)
		if err != nil {
			return err
		}
		if err := staged.Commit(ctx); err != nil {
			return err
		}
	}
	if len(changed) == 0 && h.ownersExist() {
		return nil
	}
	for _, f := range h.Change.want.Files {
		if isSysusers(f.Path) {
			if err := h.Conn.Do(ctx, remote.Sysusers(f.Path)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (h Host) ownersExist() bool {
	for _, f := range h.Change.want.Files {
		if _, ok := h.Change.State.Owners[f.OwnerOrRoot()]; !ok {
			return false
		}
	}
	return true
}

// Commit puts aside what it is going to replace, takes off what is wanted no longer, puts what is staged in place, and lets
// systemd read changed definitions. The record of what was delivered is part of what is staged: it forgets a file only
// after the file is gone.
func (h Ready) Commit(ctx context.Context) error {
	if err := h.confirm(ctx); err != nil {
		return err
	}
	if h.Change.want.undoes || h.Change.want.leaves {
		return h.replace(ctx)
	}
	if err := h.keep(ctx); err != nil {
		return err
	}
	if err := h.replace(ctx); err != nil {
		return err
	}
	return h.finish(ctx)
}

// confirm asks whether the run may still change the host.
func (h Host) confirm(ctx context.Context) error {
	if confirm := h.Change.want.Confirm; confirm != nil {
		return confirm(ctx, h.Conn)
	}
	return nil
}

func (h Ready) replace(ctx context.Context) error {
	files, dirs := h.strays()
	if err := h.takeOff(ctx, files); err != nil {
		return err
	}
	if h.staged != nil {
		if err := h.staged.Commit(ctx); err != nil {
			return err
		}
	}
	if h.Change.touchesDefinitions(h.Components) {
		if err := h.Conn.Do(ctx, remote.Systemctl("daemon-reload")); err != nil {
			return err
		}
	}
	if len(dirs) == 0 {
		return nil
	}
	return h.Conn.Sweep(ctx, dirs)
}

// strays is what is wanted no longer: files, and hardway's own directories.
func (h Host) strays() (files, dirs []string) {
	for _, f := range h.Part() {
		switch {
		case f.Verb != Delete:
		case f.File.IsDir():
			dirs = append(dirs, f.Path)
		default:
			files = append(files, f.Path)
		}
	}
	return files, dirs
}

// takeOff removes files; units among them, which do not run, are disabled first.
func (h Host) takeOff(ctx context.Context, files []string) error {
	if len(files) == 0 {
		return nil
	}
	for _, f := range files {
		if unit, ok := artifact.UnitOf(f); ok && path.Dir(f) == artifact.UnitDir && h.Change.State.Units[unit].Enabled == "enabled" {
			if err := h.Conn.Do(ctx, remote.Systemctl("disable", unit)); err != nil {
				return err
			}
		}
	}
	return h.Conn.Do(ctx, remote.Remove(files...))
}

// touchesDefinitions reports whether systemd has to read its unit files again after delivering these components, also
// because an earlier run delivered them and died.
func (c Change) touchesDefinitions(components []string) bool {
	for _, component := range components {
		part := c.Of(component)
		if _, ok := part.Unit(ReloadDaemon); ok || slices.ContainsFunc(part.Files, removesUnit) {
			return true
		}
	}
	return false
}

func removesUnit(f FileChange) bool {
	_, ok := artifact.UnitOf(f.Path)
	return ok && f.Verb == Delete
}
