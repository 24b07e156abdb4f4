package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"hardway/artifact"
	"hardway/remote"
)

// DeliveredPath is the one thing hardway keeps on a host about itself: what it delivered there.
const DeliveredPath = "/var/lib/hardway/manifest.json"

// deliveredComponent owns the record itself, so that no component's delivery takes it along by accident.
const deliveredComponent = "hardway"

// delivered maps each path that hardway put on a host to the component it belongs to.
type delivered map[string]string

// record is of a host that holds exactly the wanted files. It names no time and no person, so that a host where nothing
// changed is told by one digest.
func (w Want) record() delivered {
	record := delivered{}
	for _, f := range w.Files {
		if !f.IsDir() && f.Path != DeliveredPath && !slices.Contains(w.foreign, f.Path) {
			record[f.Path] = f.Component
		}
	}
	return record
}

func (d delivered) file() (artifact.File, error) {
	data, err := json.MarshalIndent(struct {
		APIVersion string    `json:"apiVersion"`
		Kind       string    `json:"kind"`
		Files      delivered `json:"files"`
	}{"hardway/v1alpha1", "Delivered", d}, "", "  ")
	if err != nil {
		return artifact.File{}, err
	}
	return artifact.File{
		Path: DeliveredPath, Mode: 0o600, Component: deliveredComponent, Content: artifact.Bytes(append(data, '\n')),
	}, nil
}

// readDelivered is the record a host holds; a host without one was never delivered to.
func readDelivered(ctx context.Context, host remote.Looker) (delivered, error) {
	data, err := host.ReadFile(ctx, DeliveredPath)
	if errors.Is(err, fs.ErrNotExist) {
		return delivered{}, nil
	}
	if err != nil {
		return nil, err
	}
	return parseDelivered(data, DeliveredPath, host)
}

// parseDelivered reads the record of what was delivered.
func parseDelivered(data []byte, from string, host remote.Looker) (delivered, error) {
	var record struct{ Files delivered }
	if err := json.Unmarshal(data, &record); err != nil {
		return nil, fmt.Errorf("failed to read %s on %s: %w", from, host.Host(), err)
	}
	if record.Files == nil {
		record.Files = delivered{}
	}
	return record.Files, nil
}

// addStrays finds files that were delivered once and are wanted no longer. The record is read only when it differs from
// what it should be, so that an idle run costs no further round trip.
func (c *Change) addStrays(ctx context.Context, host remote.Looker) error {
	if !c.changes(DeliveredPath) {
		c.record = c.want.record()
		return nil
	}
	record := delivered{}
	if c.State.Paths[DeliveredPath].Exists {
		var err error
		if record, err = readDelivered(ctx, host); err != nil {
			return err
		}
	}
	c.record = record
	wanted := c.want.record()
	if len(record)+len(wanted) == 0 {
		// Nothing was ever delivered here, and nothing is to be: not even a record of that.
		c.Files = slices.DeleteFunc(c.Files, func(f FileChange) bool { return f.Path == DeliveredPath })
		return nil
	}
	reason := "was delivered earlier and is wanted no longer"
	if c.want.leaves {
		reason = "hardway put it there"
	}
	for path, component := range record {
		if _, ok := wanted[path]; !ok && !slices.Contains(c.want.foreign, path) && !slices.Contains(c.want.Keep, path) {
			c.Files = append(c.Files, FileChange{
				Path: path, Verb: Delete, Reason: reason,
				File: artifact.File{Path: path, Component: component},
			})
		}
	}
	slices.SortFunc(c.Files, func(a, b FileChange) int { return strings.Compare(a.Path, b.Path) })
	return c.lookAtStrays(ctx, host)
}

// lookAtStrays finds out what stands where something is to go, and whether its units run: the file of a running unit is not
// taken off.
func (c *Change) lookAtStrays(ctx context.Context, host remote.Looker) error {
	var q remote.Query
	for _, f := range c.Files {
		if f.Verb != Delete || f.bookkeeping() {
			continue
		}
		q.Paths = append(q.Paths, f.Path)
		if unit, ok := artifact.UnitOf(f.Path); ok {
			q.Units = append(q.Units, unit)
		}
	}
	if len(q.Paths) == 0 {
		return nil
	}
	state, err := host.Look(ctx, q)
	if err != nil {
		return err
	}
	maps.Copy(c.State.Paths, state.Paths)
	maps.Copy(c.State.Units, state.Units)
	return nil
}

// recordAfter is the record of the host once these components are delivered: theirs as wanted, the others' as before.
func (c Change) recordAfter(components []string) (artifact.File, error) {
	record := delivered{}
	for path, component := range c.record {
		if !slices.Contains(components, component) {
			record[path] = component
		}
	}
	for path, component := range c.want.record() {
		if slices.Contains(components, component) {
			record[path] = component
		}
	}
	return record.file()
}
