package rollout

import (
	"context"
	"maps"
	"path"
	"slices"
	"strings"

	"hardway/artifact"
	"hardway/controlplane"
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

// stopOrder is the units of hosts in the order in which they stop, each before those that it needs. Others stop first.
var stopOrder = []string{
	worker.KubeletUnit, worker.KubeProxyUnit, controlplane.SchedulerUnit, controlplane.ControllerManagerUnit, controlplane.APIServerUnit,
	worker.RoutesUnit, etcd.SnapshotTimer, etcd.SnapshotService, etcd.Unit,
}

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
// was delivered, and how the host was before. snapshots is where etcd's are, which stay unless they are unwanted.
func TakeLeave(ctx context.Context, host remote.Changer, want Want, snapshots string, unwanted bool) (Leaving, error) {
	l := leaving{host: host, snapshots: snapshots, unwanted: unwanted}
	var err error
	if l.record, err = readDelivered(ctx, host); err != nil {
		return Leaving{}, err
	}
	if l.original, err = readOriginal(ctx, host); err != nil {
		return Leaving{}, err
	}
	if l.seen, err = host.Look(ctx, l.query()); err != nil {
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

// Runs reports whether a unit of hardway's runs on the host.
func (l Leaving) Runs(unit string) bool { return slices.Contains(l.running, unit) }

// leaving is what a Leaving is computed from.
type leaving struct {
	host      remote.Changer
	record    delivered
	original  Original
	snapshots string
	unwanted  bool
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
		q.Paths = append(q.Paths, l.snapshots)
	}
	for file := range l.record {
		q.Paths = append(q.Paths, file, remote.StagingDir(path.Dir(file)))
	}
	for _, k := range l.original.Files {
		q.Paths = append(q.Paths, k.Path)
	}
	for _, d := range l.data() {
		q.Paths = append(q.Paths, d)
	}
	for _, owner := range l.original.Owners {
		q.Owners = append(q.Owners, owner)
	}
	slices.Sort(q.Paths)
	q.Paths = slices.Compact(q.Paths)
	return q
}

// data is where units of what was delivered keep their own, in order.
func (l leaving) data() []string {
	var dirs []string
	for _, d := range data(slices.Collect(maps.Values(l.record))) {
		if !slices.Contains(dirs, d.Path) {
			dirs = append(dirs, d.Path)
		}
	}
	return dirs
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

// phases is the moves on the host: each phase is made on all hosts before the next one.
func (l leaving) phases(h Host) [][]Move {
	name := l.host.Host()
	var phases [][]Move
	add := func(moves ...Move) {
		for i := range moves {
			moves[i].Hosts = []string{name}
		}
		phases = append(phases, moves)
	}
	add(l.others()...)
	for _, unit := range stopOrder {
		add(l.stop(unit)...)
		switch unit {
		case worker.KubeletUnit:
			add(l.pods()...)
		case worker.KubeProxyUnit:
			add(l.rules()...)
		}
	}
	add(l.unmount()...)
	add(l.unlink()...)
	add(commits(h)...)
	add(l.comeBack()...)
	add(l.empties()...)
	add(l.users()...)
	add(l.dirs()...)
	add(Move{Verb: Forget, What: ownDir, Reason: "what hardway keeps here about itself"})
	return phases
}

func commits(h Host) []Move {
	if h.Idle() {
		return nil
	}
	return []Move{{Verb: Commit}}
}

// others stops the units that are in no order.
func (l leaving) others() []Move {
	var moves []Move
	for _, unit := range l.units() {
		if !slices.Contains(stopOrder, unit) {
			moves = append(moves, l.stop(unit)...)
		}
	}
	return moves
}

// rules of Services are known to the very program that has made them.
func (l leaving) rules() []Move {
	if !l.defined(worker.KubeProxyUnit) || !l.seen.Paths[remote.KubeProxy].Exists {
		return nil
	}
	return []Move{{Verb: CleanUp, What: remote.KubeProxy, Reason: "takes the rules of Services off"}}
}

func (l leaving) unmount() []Move {
	if !l.defined(worker.KubeletUnit) || !l.seen.Paths[worker.KubeletDir].Exists {
		return nil
	}
	return []Move{{Verb: Unmount, What: worker.KubeletDir, Reason: "volumes of pods that are gone"}}
}

func (l leaving) unlink() []Move {
	if _, bridge := l.record[worker.BridgePath]; !bridge {
		return nil
	}
	return []Move{{Verb: Unlink, What: worker.BridgeDevice, Reason: "the network of pods that are gone"}}
}

// stop stops a unit of hardway's that does anything, or whose failure systemd remembers.
func (l leaving) stop(unit string) []Move {
	seen := l.seen.Units[unit]
	if !l.defined(unit) || !seen.Running() && (seen.Active == "" || seen.Active == "inactive") {
		return nil
	}
	return []Move{{Verb: Stop, What: unit, Reason: "is " + seen.Active}}
}

// pods go through the container runtime, which has to run for that.
func (l leaving) pods() []Move {
	seen := l.seen.Units[worker.ContainerdUnit]
	if !l.defined(worker.KubeletUnit) || seen.Load == "not-found" {
		return nil
	}
	moves := []Move{{Verb: RemovePods, What: "pods", Reason: "the kubelet that ran them goes"}}
	if !seen.Running() {
		moves = append([]Move{{Verb: Start, What: worker.ContainerdUnit, Reason: "ends the pods"}}, moves...)
	}
	return moves
}

// comeBack brings units back to how they were: those that hardway extended, and those that stood under its own.
func (l leaving) comeBack() []Move {
	var moves []Move
	for _, unit := range l.units() {
		was, seen := l.before(unit), l.seen.Units[unit]
		if !was.Loaded && l.defined(unit) || seen.Load == "not-found" {
			continue
		}
		runsOurs := seen.Inputs != "" || l.files.touches(unit)
		switch enabled := seen.Enabled == "enabled"; {
		case was.Enabled && (!enabled || l.defined(unit)):
			moves = append(moves, Move{Verb: Enable, What: unit, Reason: "as before hardway came"})
		case !was.Enabled && enabled && !l.defined(unit):
			moves = append(moves, Move{Verb: Disable, What: unit, Reason: "as before hardway came"})
		}
		switch {
		case was.Active && (runsOurs || !seen.Running()):
			moves = append(moves, Move{Verb: RestartUnit, What: unit, Reason: "runs on what it ran on before hardway came"})
		case !was.Active && seen.Running() && !l.defined(unit):
			moves = append(moves, Move{Verb: Stop, What: unit, Reason: "did not run before hardway came"})
		}
	}
	return moves
}

// touches reports whether a file of the unit's component changes.
func (c Change) touches(unit string) bool {
	component := map[string]string{"haproxy.service": "haproxy", worker.ContainerdUnit: worker.Component}[unit]
	return slices.ContainsFunc(c.Files, func(f FileChange) bool { return component != "" && f.File.Component == component })
}

// made is a directory as it was before.
func (l leaving) made(dir string) Kept {
	i := l.original.find(dir)
	if i < 0 {
		return Kept{Path: dir, Absent: true, Dir: true}
	}
	return l.original.Files[i]
}

// empties is what units have put into the directories of data: all that is in them, but what was before.
func (l leaving) empties() []Move {
	var moves []Move
	for _, dir := range l.data() {
		if len(l.made(dir).Held) == 0 && l.seen.Paths[dir].Exists {
			moves = append(moves, Move{Verb: Empty, What: dir, Reason: "what units kept there"})
		}
		for _, name := range l.added[dir] {
			moves = append(moves, Move{Verb: TakeOff, What: path.Join(dir, name), Reason: "what units kept there, beside what was there before"})
		}
	}
	if l.unwanted && l.seen.Paths[l.snapshots].Exists {
		moves = append(moves, Move{Verb: Empty, What: l.snapshots, Reason: "nobody wants snapshots"})
	}
	return moves
}

// findAdded lists what is in directories of data besides what was before.
func (l *leaving) findAdded(ctx context.Context) error {
	l.added = map[string][]string{}
	for _, dir := range l.data() {
		held := l.made(dir).Held
		if len(held) == 0 || !l.seen.Paths[dir].Exists {
			continue
		}
		entries, err := l.host.List(ctx, dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if !slices.Contains(held, e.Name) {
				l.added[dir] = append(l.added[dir], e.Name)
			}
		}
	}
	return nil
}

func (l leaving) users() []Move {
	var moves []Move
	for _, owner := range l.original.Owners {
		user, _, _ := strings.Cut(owner, ":")
		if _, there := l.seen.Owners[owner]; there && user != "root" {
			if !l.unwanted && l.seen.Paths[l.snapshots].Exists {
				moves = append(moves, Move{Verb: Disown, What: l.snapshots, Reason: "snapshots stay, their owner goes"})
			}
			moves = append(moves, Move{Verb: RemoveUser, What: user, Reason: "was not there before hardway came"})
		}
	}
	return moves
}

// dirs is the directories that hardway made, the deepest first.
func (l leaving) dirs() []Move {
	var dirs []string
	for _, k := range l.original.Files {
		if k.Dir && k.Absent && l.seen.Paths[k.Path].Exists && k.Path != ownDir && !strings.HasPrefix(k.Path, ownDir+"/") {
			dirs = append(dirs, k.Path)
		}
	}
	for _, dir := range l.data() {
		if l.made(dir).Absent && l.seen.Paths[dir].Exists {
			dirs = append(dirs, dir)
		}
	}
	slices.SortFunc(dirs, func(a, b string) int { return strings.Compare(b, a) })
	var moves []Move
	for _, dir := range slices.Compact(dirs) {
		moves = append(moves, Move{Verb: RemoveDir, What: dir, Reason: "hardway made it"})
	}
	return moves
}

// LeaveRoll is the roll by which hardway leaves groups of hosts, one group after the other; the hosts of a group side by
// side, each phase on all of them before the next.
func LeaveRoll(groups ...[]Leaving) Roll {
	var roll Roll
	for _, group := range groups {
		var moves []Move
		for phase := 0; ; phase++ {
			var at []Move
			more := false
			for _, l := range group {
				if phase < len(l.phases) {
					more = true
					at = alongside(at, l.phases[phase])
				}
			}
			if !more {
				break
			}
			moves = append(moves, deepestFirst(at)...)
		}
		for _, l := range group {
			if len(l.phases) > 0 && !l.Idle() {
				roll.Batch = append(roll.Batch, l.Host)
			}
		}
		if len(moves) > 0 {
			roll.Turns = append(roll.Turns, Turn{Moves: moves})
		}
	}
	return roll
}

// deepestFirst has directories go before those that they lie in, also those of another host.
func deepestFirst(moves []Move) []Move {
	slices.SortStableFunc(moves, func(a, b Move) int {
		if a.Verb != RemoveDir || b.Verb != RemoveDir {
			return 0
		}
		return strings.Compare(b.What, a.What)
	})
	return moves
}

// alongside is the moves of hosts side by side, as far as they are the same.
func alongside(moves, more []Move) []Move {
	for _, m := range more {
		i := slices.IndexFunc(moves, func(o Move) bool { return o.Verb == m.Verb && o.What == m.What && o.Reason == m.Reason })
		if i < 0 {
			moves = append(moves, m)
		} else {
			moves[i].Hosts = append(slices.Clone(moves[i].Hosts), m.Hosts...)
		}
	}
	return moves
}
