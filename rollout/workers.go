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
	// Asking: kubelets ask for their certificates.
	Asking bool
	// Uninvited is those of the hosts whose kubelet has no certificate yet, Waiting those whose kubelet waits for its serving
	// certificate to be approved, or has kept the token of a run that was cut off.
	Uninvited, Waiting []string
}

// nodeUnits is the units of a node, in the order in which each needs those before it.
var nodeUnits = []string{worker.ContainerdUnit, worker.RoutesUnit, worker.KubeletUnit, worker.KubeProxyUnit}

// Roll is the change as turns: nodes whose kubelet does not run start side by side, for nothing depends on them; then those
// that run change, one at a time: the next only when this one's kubelet reports to the API again.
func (w Workers) Roll() Roll {
	var roll Roll
	var starting, rolling []Host
	var waiting []string
	for _, h := range w.Hosts {
		switch {
		case h.Idle() && len(h.Units()) == 0:
			if slices.Contains(w.Waiting, h.Change.Host) {
				waiting = append(waiting, h.Change.Host)
			}
			continue
		case h.runs(worker.KubeletUnit):
			rolling = append(rolling, h)
		default:
			starting = append(starting, h)
		}
		roll.Batch = append(roll.Batch, h)
	}
	if len(starting) > 0 {
		roll.Turns = append(roll.Turns, Turn{Moves: append(registrations(starting), w.moves(starting)...)})
	}
	for _, h := range rolling {
		roll.Turns = append(roll.Turns, Turn{Host: h.Change.Host, Moves: w.moves([]Host{h})})
	}
	if len(waiting) > 0 {
		roll.Turns = append(roll.Turns, Turn{Moves: on(waiting, admission)})
	}
	return roll
}

// admission is what ends a kubelet's wait.
var admission = Move{Verb: Admit, What: "serving certificate", Reason: "its kubelet asks for it"}

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

// moves brings hosts to run on what is delivered, unit by unit.
func (w Workers) moves(hosts []Host) []Move {
	var moves []Move
	for _, h := range hosts {
		if !h.Idle() {
			moves = join(moves, Move{Verb: Commit, Hosts: []string{h.Change.Host}})
		}
	}
	moves = append(moves, w.invitations(hosts)...)
	for _, verbs := range [][]Verb{{Enable}, {Start, RestartUnit, ReloadUnit}} {
		for _, unit := range nodeUnits {
			for _, h := range hosts {
				if u, changes := h.unit(unit, verbs...); changes {
					moves = join(moves, one(h.Change.Host, u.Verb, unit, u.Reason))
				}
			}
		}
	}
	return append(moves, w.gates(hosts)...)
}

// invitations is for kubelets that begin without a certificate; one that does not run may have let its own expire.
func (w Workers) invitations(hosts []Host) []Move {
	var names []string
	for _, h := range hosts {
		_, starts := h.unit(worker.KubeletUnit, Start)
		_, restarts := h.unit(worker.KubeletUnit, RestartUnit)
		if w.Asking && (starts || restarts && slices.Contains(w.Uninvited, h.Change.Host)) {
			names = append(names, h.Change.Host)
		}
	}
	return on(names, Move{Verb: Invite, What: "kubelet", Reason: "it asks for its first certificate"})
}

// admitted is the hosts whose kubelets begin anew, or wait from before.
func (w Workers) admitted(hosts []Host, joining []string) []string {
	var out []string
	for _, name := range names(hosts) {
		if slices.Contains(joining, name) || slices.Contains(w.Waiting, name) {
			out = append(out, name)
		}
	}
	return out
}

// gates waits for the nodes to be well; where the kubelet itself begins anew, what the API knew of it before does not
// count.
func (w Workers) gates(hosts []Host) []Move {
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
	if w.Asking {
		moves = append(moves, on(w.admitted(hosts, joining), admission)...)
	}
	if slices.ContainsFunc(hosts, Host.deliversServed) {
		moves = append(moves, gate(names(hosts), AskServed))
	}
	return moves
}
