package rollout

import (
	"context"
	"errors"
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

// Deliver stages every host and then commits every host. When staging fails anywhere, what was staged is taken off again
// and no host has changed. Units are left alone, but for systemd reading changed definitions.
func (b Batch) Deliver(ctx context.Context, parallel int) error {
	staged := make([]remote.Staged, len(b))
	err := remote.ForEach(ctx, b.indices(), parallel, func(ctx context.Context, i int) (err error) {
		staged[i], err = b[i].stage(ctx)
		return err
	})
	if err != nil {
		return errors.Join(err, b.discard(context.WithoutCancel(ctx), staged, parallel))
	}
	return remote.ForEach(ctx, b.indices(), parallel, func(ctx context.Context, i int) error {
		return b[i].commit(ctx, staged[i])
	})
}

func (b Batch) indices() []int {
	out := make([]int, len(b))
	for i := range out {
		out[i] = i
	}
	return out
}

func (b Batch) discard(ctx context.Context, staged []remote.Staged, parallel int) error {
	return remote.ForEach(ctx, b.indices(), parallel, func(ctx context.Context, i int) error {
		if staged[i] == nil {
			return nil
		}
		return staged[i].Discard(ctx)
	})
}

// Idle reports whether delivering these components would change nothing.
func (h Host) Idle() bool {
	return len(h.Part()) == 0 && !h.Change.touchesDefinitions(h.Components)
}

// Part is the difference of the components to deliver now.
func (h Host) Part() []FileChange {
	return slices.DeleteFunc(slices.Clone(h.Change.Files), func(f FileChange) bool {
		return !slices.Contains(h.Components, f.File.Component)
	})
}

// stage makes the users that own files first: an owner has to exist before a file can be staged with it.
func (h Host) stage(ctx context.Context) (remote.Staged, error) {
	var users, rest []artifact.File
	for _, f := range h.Part() {
		switch {
		case f.Verb == Delete:
		case isSysusers(f.Path):
			users = append(users, f.File)
		default:
			rest = append(rest, f.File)
		}
	}
	if err := h.declareUsers(ctx, users); err != nil {
		return nil, err
	}
	record, err := h.Change.recordAfter(h.Components)
	if err != nil {
		return nil, err
	}
	if verb, _, err := difference(record, h.Change.State.Paths[DeliveredPath]); err != nil {
		return nil, err
	} else if verb != "" {
		rest = append(rest, record)
	}
	if len(rest) == 0 {
		return nil, nil
	}
	return h.Conn.Stage(ctx, rest)
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

func (h Host) commit(ctx context.Context, staged remote.Staged) error {
	if staged != nil {
		if err := staged.Commit(ctx); err != nil {
			return err
		}
	}
	var gone []string
	for _, f := range h.Part() {
		if f.Verb == Delete {
			gone = append(gone, f.Path)
		}
	}
	if len(gone) > 0 {
		if err := h.Conn.Do(ctx, remote.Remove(gone...)); err != nil {
			return err
		}
	}
	if h.Change.touchesDefinitions(h.Components) {
		return h.Conn.Do(ctx, remote.Systemctl("daemon-reload"))
	}
	return nil
}

// touchesDefinitions reports whether systemd has to read its unit files again after delivering these components, also
// because an earlier run delivered them and died.
func (c Change) touchesDefinitions(components []string) bool {
	for _, component := range components {
		if _, ok := c.Of(component).Unit(ReloadDaemon); ok {
			return true
		}
	}
	return false
}
