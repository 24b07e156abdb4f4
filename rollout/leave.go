package rollout

import (
	"context"
	"maps"
	"path"
	"slices"
	"strings"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/etcd"
	"hardway/remote"
	"hardway/worker"
)

// The moves by which hardway leaves a host, besides those of every roll.
const (
	// RemovePods has the container runtime end all pods, their networks with them.
	RemovePods Verb = "remove-pods"
	// CleanUp takes the rules of Services off.
	CleanUp Verb = "clean-up"
	// Unmount takes off what is mounted below a directory.
	Unmount Verb = "unmount"
	// Unlink takes off a network device.
	Unlink Verb = "unlink"
	// Disable keeps a unit from starting at boot.
	Disable Verb = "disable"
	// Disown gives what stays to root, whose number nobody else gets.
	Disown Verb = "disown"
	// Empty takes all off that is in a directory.
	Empty Verb = "empty"
	// TakeOff takes a file off, or a directory with all that is in it.
	TakeOff Verb = "take-off"
	// RemoveFiles takes the files off whose names match.
	RemoveFiles Verb = "remove-files"
	// RemoveUser and RemoveDir take off a user, and a directory if it is empty.
	RemoveUser Verb = "remove-user"
	RemoveDir  Verb = "remove-dir"
	// Forget takes off what hardway keeps on a host about itself. Nothing is left to do after it.
	Forget Verb = "forget"
)

// ownDir is what hardway keeps on a host about itself.
const ownDir = "/var/lib/hardway"

// snapshotUnitDir is where units stand that are none of the administrator's own.
const snapshotUnitDir = "/usr/local/lib/systemd/system"

// ofPreflight is what `preflight --fix` puts on hosts.
var ofPreflight = []string{"/etc/modules-load.d/hardway.conf", "/etc/sysctl.d/99-hardway.conf"}

// Leaving is a host as it is found, and what brings it back to how it was before hardway came: data, to print or to execute.
type Leaving struct {
	// Host is what was there before comes back, and what was delivered goes.
	Host
	// phases is the moves on the host, in order.
	phases [][]Move
	// Delivered: hardway has put something there. Member: data of an etcd member is among it.
	Delivered, Member bool
	running           []string
}

// TakeLeave looks at a host and finds out what takes hardway off it again. What it goes by is on the host: the record of what
// was delivered, and how the host was before. snapshots is what those are called that etcd hosts save, a pattern in its last
// word: they stay unless they are unwanted.
func TakeLeave(ctx context.Context, host remote.Changer, want Want, snapshots string, unwanted bool) (Leaving, error) {
	l := leaving{host: host, unwanted: unwanted}
	var err error
	if l.record, err = readDelivered(ctx, host); err != nil {
		return Leaving{}, err
	}
	// The directory of the same name on another host is somebody else's.
	if snapshots != "" && l.defined(etcd.Unit) {
		l.snapshots, l.snapshotDir = snapshots, path.Dir(snapshots)
	}
	if l.original, err = readOriginal(ctx, host); err != nil {
		return Leaving{}, err
	}
	if l.seen, err = host.Look(ctx, l.query()); err != nil {
		return Leaving{}, err
	}
	if err := l.refuseWithoutRecord(); err != nil {
		return Leaving{}, err
	}
	if err := l.findAdded(ctx); err != nil {
		return Leaving{}, err
	}
	change, err := l.change(ctx, want)
	if err != nil {
		return Leaving{}, err
	}
	l.files = change
	out := Leaving{
		Host:      Host{Conn: host, Change: change, Components: change.Components()},
		Delivered: l.seen.Paths[ownDir].Exists,
		Member:    l.defined(etcd.Unit) && !empty(l.seen.Paths[etcd.MemberDir]),
	}
	for unit, seen := range l.seen.Units {
		if seen.Running() {
			out.running = append(out.running, unit)
		}
	}
	if out.Delivered {
		out.phases = l.phases(out.Host)
	}
	return out, nil
}

// refuseWithoutRecord: what hardway has put there stands only in the record. Without it all of that would be left, keys too,
// and the host be called reset.
func (l leaving) refuseWithoutRecord() error {
	if len(l.record) > 0 {
		return nil
	}
	for _, f := range l.original.Files {
		if f.Absent && !f.Dir && l.seen.Paths[f.Path].Exists {
			return cluster.Problems{{
				Host: l.host.Host(), Subject: DeliveredPath, Message: "says nothing of what was delivered, and " + f.Path + " was",
				Hint: "the next delivery that changes a file there writes it anew, as after `hardway pki all` has made a certificate anew; or put it back from a backup of the host",
			}}
		}
	}
	return nil
}

// Runs reports whether a unit of hardway's runs on the host.
func (l Leaving) Runs(unit string) bool { return slices.Contains(l.running, unit) }

// leaving is what a Leaving is computed from.
type leaving struct {
	host     remote.Changer
	record   delivered
	original Original
	unwanted bool
	// snapshots and snapshotDir are empty where the host saves none.
	snapshots, snapshotDir string
	// added is what is in directories of data in which something else was before, by directory.
	added map[string][]string
	seen  remote.State
	files Change
}

func (l leaving) query() remote.Query {
	q := remote.Query{Units: l.units()}
	q.Paths = append(q.Paths, ownDir, worker.KubeletDir, remote.KubeProxy, etcd.MemberDir)
	q.Paths = append(q.Paths, ofPreflight...)
	if l.snapshots != "" {
		q.Paths = append(q.Paths, l.snapshotDir)
	}
	for file := range l.record {
		q.Paths = append(q.Paths, file, remote.StagingDir(path.Dir(file)))
	}
	for _, k := range l.original.Files {
		q.Paths = append(q.Paths, k.Path)
	}
	q.Paths = append(q.Paths, l.data()...)
	q.Owners = append(q.Owners, l.original.Owners...)
	slices.Sort(q.Paths)
	q.Paths = slices.Compact(q.Paths)
	return q
}

// units is every unit that hardway defines or extends on the host.
func (l leaving) units() []string {
	var units []string
	for _, file := range slices.Sorted(maps.Keys(l.record)) {
		unit, ok := artifact.UnitOf(file)
		if path.Dir(file) == snapshotUnitDir {
			unit, ok = path.Base(file), true
		}
		if ok && !slices.Contains(units, unit) {
			units = append(units, unit)
		}
	}
	return units
}

// defined reports whether the unit's own file is hardway's.
func (l leaving) defined(unit string) bool {
	_, ours := l.record[artifact.UnitDir+"/"+unit]
	_, snapshots := l.record[snapshotUnitDir+"/"+unit]
	return ours || snapshots
}

// before is how a unit was. Of hosts that were delivered to before that was recorded, those of the distribution are taken
// to have run.
func (l leaving) before(unit string) KeptUnit {
	for _, k := range l.original.Units {
		if k.Unit == unit {
			return k
		}
	}
	there := !l.defined(unit)
	return KeptUnit{Unit: unit, Loaded: there, Enabled: there, Active: there}
}

// change is the files: what stood there before is wanted again, all else that was delivered goes. What stands where hardway
// has nothing any more is somebody else's.
func (l leaving) change(ctx context.Context, want Want) (Change, error) {
	want.Files, want.foreign, want.leaves = nil, nil, true
	r := restoring{host: l.host, kept: map[string]placed{}}
	for _, k := range l.original.Files {
		_, ours := l.record[k.Path]
		switch {
		case k.Absent:
		case k.Dir && l.seen.Paths[k.Path].Exists, !k.Dir && (ours || !l.seen.Paths[k.Path].Exists):
			r.kept[k.Path] = placed{k, OriginalDir}
		}
	}
	if err := r.addKept(ctx, &want, nil); err != nil {
		return Change{}, err
	}
	slices.SortFunc(want.Files, func(a, b artifact.File) int { return strings.Compare(a.Path, b.Path) })
	c, err := Compare(ctx, l.host, want)
	if err != nil {
		return Change{}, err
	}
	c.Files = slices.DeleteFunc(c.Files, func(f FileChange) bool { return f.Path == DeliveredPath || f.Path == unfinishedDir })
	for i, f := range c.Files {
		if f.Verb == Update || f.Verb == Create {
			c.Files[i].Reason = "stood there before hardway came"
		}
	}
	for _, file := range ofPreflight {
		if l.seen.Paths[file].Exists {
			c.Files = append(c.Files, FileChange{Path: file, Verb: Delete, Reason: "preflight --fix put it there; settings last until the next boot", File: artifact.File{Path: file, Component: deliveredComponent}})
		}
	}
	return c, nil
}
