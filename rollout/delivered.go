package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
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

// deliveredFile is the record of a host that holds exactly these files. It names no time and no person, so that a host
// where nothing changed is told by one digest.
func deliveredFile(files []artifact.File) (artifact.File, error) {
	return wantedRecord(files).file()
}

func wantedRecord(files []artifact.File) delivered {
	record := delivered{}
	for _, f := range files {
		if !f.IsDir() && f.Path != DeliveredPath {
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
	var record struct{ Files delivered }
	if err := json.Unmarshal(data, &record); err != nil {
		return nil, fmt.Errorf("failed to read %s on %s: %w", DeliveredPath, host.Host(), err)
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
		c.record = wantedRecord(c.want.Files)
		return nil
	}
	record, err := readDelivered(ctx, host)
	if err != nil {
		return err
	}
	c.record = record
	wanted := wantedRecord(c.want.Files)
	if len(record)+len(wanted) == 0 {
		// Nothing was ever delivered here, and nothing is to be: not even a record of that.
		c.Files = slices.DeleteFunc(c.Files, func(f FileChange) bool { return f.Path == DeliveredPath })
		return nil
	}
	for path, component := range record {
		if _, ok := wanted[path]; !ok {
			c.Files = append(c.Files, FileChange{
				Path: path, Verb: Delete, Reason: "was delivered earlier and is wanted no longer",
				File: artifact.File{Path: path, Component: component},
			})
		}
	}
	slices.SortFunc(c.Files, func(a, b FileChange) int { return strings.Compare(a.Path, b.Path) })
	return c.lookAtStrayUnits(ctx, host)
}

// lookAtStrayUnits finds out whether units run whose files are to go: the file of a running unit is not taken off.
func (c *Change) lookAtStrayUnits(ctx context.Context, host remote.Looker) error {
	var units []string
	for _, f := range c.Files {
		if unit, ok := artifact.UnitOf(f.Path); ok && f.Verb == Delete {
			units = append(units, unit)
		}
	}
	if len(units) == 0 {
		return nil
	}
	state, err := host.Look(ctx, remote.Query{Units: units})
	if err != nil {
		return err
	}
	for unit, seen := range state.Units {
		c.State.Units[unit] = seen
	}
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
	for path, component := range wantedRecord(c.want.Files) {
		if slices.Contains(components, component) {
			record[path] = component
		}
	}
	return record.file()
}
