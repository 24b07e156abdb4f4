package rollout

import (
	"slices"

	"hardway/worker"
)

// Workers is what a rolling change of nodes is computed from: containerd, the pods' network, kubelets and kube-proxies. A
// restart of none of them stops a pod, so nodes are not drained.
type Workers struct {
	// Hosts is those that the run is for, in the order of the spec.
	Hosts []Host
}

// nodeUnits is the units of a node, in the order in which each needs those before it.
var nodeUnits = []string{worker.ContainerdUnit, worker.RoutesUnit, worker.KubeletUnit, worker.KubeProxyUnit}

// Roll is the change as turns: nodes whose kubelet does not run start side by side, for nothing depends on them; then those
// that run change, one at a time: the next only when this one's kubelet reports to the API again.
func (w Workers) Roll() Roll {
	var roll Roll
	var starting, rolling []Host
	for _, h := range w.Hosts {
		switch {
		case h.Idle() && len(h.Units()) == 0:
			continue
		case h.runs(worker.KubeletUnit):
			rolling = append(rolling, h)
		default:
			starting = append(starting, h)
		}
		roll.Batch = append(roll.Batch, h)
	}
	if len(starting) > 0 {
		roll.Turns = append(roll.Turns, Turn{Moves: append(registrations(starting), nodeMoves(starting)...)})
	}
	for _, h := range rolling {
		roll.Turns = append(roll.Turns, Turn{Host: h.Change.Host, Moves: nodeMoves([]Host{h})})
	}
	return roll
}

// registrations makes the Nodes of kubelets that are to start.
func registrations(hosts []Host) []Move {
	var names []string
	for _, h := range hosts {
		if _, starts := h.unit(worker.KubeletUnit, Start); starts {
			names = append(names, h.Change.Host)
		}
	}
	return on(names, Move{Verb: Register, What: "Node", Reason: "its kubelet does not run yet"})
}

// nodeMoves brings hosts to run on what is delivered, unit by unit.
func nodeMoves(hosts []Host) []Move {
	var moves []Move
	for _, h := range hosts {
		if !h.Idle() {
			moves = join(moves, Move{Verb: Commit, Hosts: []string{h.Change.Host}})
		}
	}
	for _, verbs := range [][]Verb{{Enable}, {Start, RestartUnit, ReloadUnit}} {
		for _, unit := range nodeUnits {
			for _, h := range hosts {
				if u, changes := h.unit(unit, verbs...); changes {
					moves = join(moves, one(h.Change.Host, u.Verb, unit, u.Reason))
				}
			}
		}
	}
	return append(moves, nodeGates(hosts)...)
}

// nodeGates waits for the nodes to be well; where the kubelet itself begins anew, what the API knew of it before does not
// count.
func nodeGates(hosts []Host) []Move {
	var joining []string
	for _, h := range hosts {
		if _, begins := h.unit(worker.KubeletUnit, Start, RestartUnit); begins {
			joining = append(joining, h.Change.Host)
		}
	}
	var moves []Move
	if len(joining) > 0 {
		moves = append(moves, gate(joining, AskJoined))
	}
	moves = append(moves, gate(names(hosts), AskNode))
	if slices.ContainsFunc(hosts, Host.deliversServed) {
		moves = append(moves, gate(names(hosts), AskServed))
	}
	return moves
}
