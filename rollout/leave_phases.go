package rollout

import (
	"slices"

	"hardway/controlplane"
	"hardway/etcd"
	"hardway/remote"
	"hardway/worker"
)

// stopOrder is the units of hosts in the order in which they stop, each before those that it needs. Others stop first.
var stopOrder = []string{
	worker.KubeletUnit, worker.KubeProxyUnit, controlplane.SchedulerUnit, controlplane.ControllerManagerUnit, controlplane.APIServerUnit,
	worker.RoutesUnit, etcd.SnapshotTimer, etcd.SnapshotService, etcd.Unit,
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
