package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"reflect"
	"slices"
	"strings"

	"hardway/artifact"
	"hardway/controlplane"
	"hardway/etcd"
	"hardway/haproxy"
	"hardway/remote"
	"hardway/worker"
)

// OriginalDir is where a host keeps what stood there before hardway came, however many runs ago that was. Generations rotate
// out; this does not: it is what a reset puts back.
const OriginalDir = "/var/lib/hardway/original"

const originalRecord = OriginalDir + "/" + recordName

// Original is a host as hardway found it, as far as it has changed it since.
type Original struct {
	// Files is what stood where files and directories were put; those of data are what units keep their own in.
	Files []Kept `json:"files"`
	// Units is how those were that hardway has defined or extended.
	Units []KeptUnit `json:"units"`
	// Owners is each user:group that was not there.
	Owners []string `json:"owners,omitempty"`
}

// KeptUnit is how a unit was.
type KeptUnit struct {
	Unit string `json:"unit"`
	// Loaded: there was such a unit. Enabled, Active: it started at boot, it ran.
	Loaded  bool `json:"loaded,omitempty"`
	Enabled bool `json:"enabled,omitempty"`
	Active  bool `json:"active,omitempty"`
}

// dataDirs is where units of components keep what they make themselves.
var dataDirs = []struct {
	component string
	dirs      []string
}{
	{worker.Component, worker.DataDirs()}, {haproxy.Component, haproxy.DataDirs()},
	{controlplane.Component, controlplane.DataDirs()}, {etcd.Component, etcd.DataDirs()},
}

// data is the directories of the components' data.
func data(components []string) []FileChange {
	var out []FileChange
	for _, of := range dataDirs {
		if !slices.Contains(components, of.component) {
			continue
		}
		for _, dir := range of.dirs {
			out = append(out, FileChange{Path: dir, File: artifact.File{Component: of.component, Mode: fs.ModeDir}})
		}
	}
	return out
}

// wantsDir is where systemd links units that start at boot; it makes it when it first does.
const wantsDir = artifact.UnitDir + "/multi-user.target.wants"

// above is the directories that come with a file: those that it lies in, the nearest first, without the root.
func above(file string) iter.Seq[string] {
	return func(yield func(string) bool) {
		if path.Dir(file) == artifact.UnitDir && !yield(wantsDir) {
			return
		}
		for dir := path.Dir(file); dir != "/" && dir != "."; dir = path.Dir(dir) {
			if !yield(dir) {
				return
			}
		}
	}
}

// ground is the paths to look at so that it is known what stood there before: the directories that files lie in, and those
// of data.
func (w Want) ground() []string {
	var paths, components []string
	for _, f := range w.Files {
		components = append(components, f.Component)
		paths = slices.AppendSeq(paths, above(f.Path))
	}
	for _, d := range data(components) {
		paths = slices.AppendSeq(append(paths, d.Path), above(d.Path))
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// keepOriginal records how the host was before hardway changed what it is about to, before anything is staged: staging makes
// directories and users.
func (h Ready) keepOriginal(ctx context.Context) error {
	if c := h.Change; c.want.undoes || c.want.leaves || len(h.Part()) == 0 {
		return nil
	}
	before, err := readOriginal(ctx, h.Conn)
	if err != nil {
		return err
	}
	after := before.and(h)
	if err := after.addHeld(ctx, h, before); err != nil {
		return err
	}
	if reflect.DeepEqual(before, after) {
		return nil
	}
	k := remote.Keeping{Dir: OriginalDir, Files: map[string]string{}, RecordName: recordName}
	if k.Record, err = after.encode(); err != nil {
		return err
	}
	for _, f := range after.Files {
		if i := before.find(f.Path); f.File != "" && (i < 0 || before.Files[i].File != f.File) {
			k.Files[f.Path] = f.File
		}
	}
	return h.Conn.Keep(ctx, k)
}

// and is what is recorded already and what the delivery takes over besides.
func (o Original) and(h Ready) Original {
	c := h.Change
	o.Files, o.Units, o.Owners = slices.Clone(o.Files), slices.Clone(o.Units), slices.Clone(o.Owners)
	for _, f := range h.Part() {
		if f.bookkeeping() || f.Path == DeliveredPath {
			continue
		}
		for dir := range above(f.Path) {
			if !c.State.Paths[dir].Exists {
				o.addDir(c, FileChange{Path: dir, File: f.File}, false)
			}
		}
		if f.File.IsDir() {
			o.addDir(c, f, false)
		} else {
			o.addFile(c, f)
		}
	}
	for _, d := range data(h.Components) {
		for dir := range above(d.Path) {
			if !c.State.Paths[dir].Exists {
				o.addDir(c, FileChange{Path: dir, File: d.File}, false)
			}
		}
		o.addDir(c, d, true)
	}
	for _, component := range h.Components {
		o.addUnits(c, c.want.units(component))
	}
	o.addOwners(c)
	slices.SortFunc(o.Files, func(a, b Kept) int { return compareText(a.Path, b.Path) })
	return o
}

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (o Original) find(path string) int {
	return slices.IndexFunc(o.Files, func(k Kept) bool { return k.Path == path })
}

// addDir records a directory once: what stands there later may be what a run that was cut off has made.
func (o *Original) addDir(c Change, f FileChange, holdsData bool) {
	if i := o.find(f.Path); i >= 0 {
		o.Files[i].Data = o.Files[i].Data || holdsData
		return
	}
	k := c.standing(f)
	k.Dir, k.Data = true, holdsData
	o.Files = append(o.Files, k)
}

// addHeld names what is in directories of data that are taken over now: on a disk of their own, lost+found.
func (o *Original) addHeld(ctx context.Context, h Ready, before Original) error {
	if h.Change.unrecorded(before) {
		return nil
	}
	for i, k := range o.Files {
		known := before.find(k.Path)
		if !k.Data || k.Absent || h.Change.State.Paths[k.Path].Empty || known >= 0 && before.Files[known].Data {
			continue
		}
		entries, err := h.Conn.List(ctx, k.Path)
		if err != nil {
			return err
		}
		for _, e := range entries {
			o.Files[i].Held = append(o.Files[i].Held, e.Name)
		}
	}
	return nil
}

// unrecorded: the host was delivered to when nobody recorded yet how it was. What is in directories of data then is what units
// have put there.
func (c Change) unrecorded(before Original) bool {
	return len(before.Files) == 0 && len(c.record) > 0
}

// addFile records what is none of hardway's and is about to be replaced. Somebody else's file that took the place of
// hardway's meanwhile counts, too; but what a commit that was cut off has put there is not somebody else's.
func (o *Original) addFile(c Change, f FileChange) {
	if _, ours := c.record[f.Path]; ours {
		return
	}
	k := c.standing(f)
	if k.File != "" {
		k.File = k.SHA256
	}
	switch i := o.find(f.Path); {
	case i < 0:
		o.Files = append(o.Files, k)
	case !c.cutOff():
		o.Files[i] = k
	}
}

func (o *Original) addUnits(c Change, units []string) {
	for _, unit := range units {
		if slices.ContainsFunc(o.Units, func(k KeptUnit) bool { return k.Unit == unit }) {
			continue
		}
		seen := c.State.Units[unit]
		// A unit of its own that hardway has delivered already was not there.
		_, ours := c.record[artifact.UnitDir+"/"+unit]
		loaded := seen.Load == "loaded" && !ours
		o.Units = append(o.Units, KeptUnit{unit, loaded, loaded && seen.Enabled == "enabled", loaded && seen.Active == "active"})
	}
}

func (o *Original) addOwners(c Change) {
	for _, owner := range c.want.owners() {
		if _, known := c.State.Owners[owner]; !known && !slices.Contains(o.Owners, owner) {
			o.Owners = append(o.Owners, owner)
		}
	}
}

// owners is whose files are, as user:group, and whom what is delivered makes known to a host besides, each once.
func (w Want) owners() []string {
	var all []string
	for _, f := range w.Files {
		all = append(all, f.OwnerOrRoot())
		if !isSysusers(f.Path) || f.IsDir() {
			continue
		}
		data, err := artifact.ReadAll(f.Content)
		if err != nil {
			continue // staging it says so
		}
		for line := range strings.Lines(string(data)) {
			if words := strings.Fields(line); len(words) > 1 && words[0] == "u" {
				all = append(all, words[1]+":"+words[1])
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// readOriginal is the record of a host; empty where there is none.
func readOriginal(ctx context.Context, host remote.Looker) (Original, error) {
	var o Original
	data, err := host.ReadFile(ctx, originalRecord)
	if errors.Is(err, fs.ErrNotExist) {
		return o, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &o)
	}
	if err != nil {
		return o, fmt.Errorf("failed to read %s on %s: %w", originalRecord, host.Host(), err)
	}
	return o, nil
}

func (o Original) encode() ([]byte, error) {
	data, err := json.MarshalIndent(struct {
		APIVersion string `json:"apiVersion"`
		Kind       string `json:"kind"`
		Original
	}{"hardway/v1alpha1", "Original", o}, "", "  ")
	return append(data, '\n'), err
}
