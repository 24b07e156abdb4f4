package rollout

import (
	"encoding/json"
	"slices"

	"hardway/cluster"
	"hardway/controlplane"
)

// Roll is a rolling change, as a value to print or to execute: what is delivered where, and the turns in which hosts are
// brought to run on it. Everything of the batch is staged on every host before the first turn.
type Roll struct {
	Batch Batch
	Turns []Turn
}

// Turn is moves in their order.
type Turn struct {
	// Host is the one whose turn it is: when a move fails, it is put back. It is empty where something begins on hosts side
	// by side: what begins there goes on from where it was left.
	Host  string
	Moves []Move
}

// Move is one thing done on hosts side by side, before the next move begins.
type Move struct {
	Verb  Verb
	Hosts []string
	// What is the unit, or the server of a balancer's backend.
	What string
	// Holds is the hosts whose API server is held while the lead of etcd changes hands.
	Holds []string
	// Asks is what a gate asks; Hosts is then those that have to be well.
	Asks []Ask
	// NoWait: systemd is asked and not waited for; a gate finds out when what was started serves.
	NoWait bool
	Reason string
}

// The verbs of moves that are none of files and units.
const (
	// Gate waits until nothing is wrong with the hosts.
	Gate Verb = "gate"
	// Commit puts what is staged in place, and lets systemd read changed definitions.
	Commit Verb = "commit"
	Stop   Verb = "stop"
	// Arm lets members begin a new cluster at their next start.
	Arm Verb = "arm"
	// MoveLeader hands etcd's lead away from the host.
	MoveLeader Verb = "move-leader"
	// Hold stops a server for a moment (SIGSTOP): part of MoveLeader.
	Hold Verb = "hold"
	// Drain keeps new connections of a balancer away from a server.
	Drain Verb = "drain"
	// Leave waits for clients to leave a drained server, for as long as that makes sense.
	Leave Verb = "leave"
	// Undrain gives it clients again.
	Undrain Verb = "undrain"
	// Check proves a staged configuration by the program that will read it.
	Check Verb = "check"
	// Register makes the host's Node before its kubelet starts, so that nobody else decides on its pod network and taints.
	Register Verb = "register"
	// Invite gives a kubelet a token to ask for its first certificate with, before it starts.
	Invite Verb = "invite"
	// Admit approves a kubelet's serving certificate, waits until it serves that, and takes the token away.
	Admit Verb = "admit"
	// PutBack gives a host back what its commit replaced.
	PutBack Verb = "put-back"
)

// Ask is a question of gates.
type Ask string

// The questions.
const (
	// AskEtcd: every member answers, all agree on one leader and on the data.
	AskEtcd Ask = "etcd"
	// AskAPI: the host's API server is ready.
	AskAPI Ask = "kube-apiserver"
	// AskControllers: the host's controller-manager and scheduler are well.
	AskControllers Ask = "controllers"
	// AskNode: the host's kubelet and kube-proxy are well, and its Node is ready.
	AskNode Ask = "node"
	// AskJoined: the kubelet that runs now has told the API that its Node is ready, not one before it.
	AskJoined Ask = "kubelet"
	// AskServed: what the host's units serve is what was delivered for it.
	AskServed Ask = "served certificates"
	// AskBalancer: the balancer takes connections, and every server of its configuration that is ready is up there.
	AskBalancer Ask = "haproxy"
	// AskBackend: the balancer runs on a configuration with every API server.
	AskBackend Ask = "haproxy servers"
	// AskAddress: one balancer has the address that they share, and only one.
	AskAddress Ask = "virtual address"
)

// Row is one line of what a roll does.
type Row struct {
	Host, What string
	Verb       Verb
	Reason     string
}

// Empty reports whether there is nothing to do, nor to wait for.
func (r Roll) Empty() bool { return len(r.Turns) == 0 }

// Rows is what the roll changes, in the order in which it does: files, units, drains. Gates and checks change nothing.
func (r Roll) Rows() []Row {
	var rows []Row
	for _, t := range r.Turns {
		for _, m := range t.Moves {
			for _, host := range m.Hosts {
				rows = append(rows, r.rows(m, host)...)
			}
		}
	}
	return rows
}

func (r Roll) rows(m Move, host string) []Row {
	switch m.Verb {
	case Gate, Check, Leave:
		return nil
	case MoveLeader:
		return m.handsOver(host)
	case Commit:
		return r.committed(host)
	case Arm:
		return []Row{{host, m.What, Create, m.Reason}}
	}
	return []Row{{host, m.What, m.Verb, m.Reason}}
}

// handsOver is who is held while etcd's lead changes hands, and that it does: where that is to be expected.
func (m Move) handsOver(host string) []Row {
	if m.Reason == "" {
		return nil
	}
	var rows []Row
	for _, server := range m.Holds {
		rows = append(rows, Row{server, controlplane.APIServerUnit, Hold, "for a second at most, while etcd's lead leaves " + host})
	}
	return append(rows, Row{host, m.What, MoveLeader, m.Reason})
}

// committed is what a commit changes on a host.
func (r Roll) committed(host string) []Row {
	i := slices.IndexFunc(r.Batch, func(h Host) bool { return h.Change.Host == host })
	if i < 0 {
		return nil
	}
	var rows []Row
	for _, f := range r.Batch[i].Part() {
		rows = append(rows, Row{host, f.Path, f.Verb, f.Reason})
	}
	for _, u := range r.Batch[i].Units() {
		if u.Verb == ReloadDaemon {
			rows = append(rows, Row{host, u.Unit, u.Verb, u.Reason})
		}
	}
	return rows
}

// Order is the hosts that have a turn of their own, first to last.
func (r Roll) Order() []string {
	var hosts []string
	for _, t := range r.Turns {
		if t.Host != "" {
			hosts = append(hosts, t.Host)
		}
	}
	return hosts
}

// Units is what the components to deliver now want of systemd.
func (h Host) Units() []UnitChange {
	var units []UnitChange
	for _, component := range h.Components {
		units = append(units, h.Change.Of(component).Units...)
	}
	return units
}

// unit is what one unit needs; verb is empty where it is as it should be.
func (h Host) unit(name string, verbs ...Verb) (UnitChange, bool) {
	for _, u := range h.Units() {
		if u.Unit == name && slices.Contains(verbs, u.Verb) {
			return u, true
		}
	}
	return UnitChange{}, false
}

// runs reports whether a unit of the host has a live process.
func (h Host) runs(unit string) bool { return h.Change.State.Units[unit].Running() }

// MarshalJSON is the turn as reports give it.
func (t Turn) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Host  string `json:"host"`
		Moves []Move `json:"moves"`
	}{t.Host, t.Moves})
}

// MarshalJSON is the move as reports give it.
func (m Move) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Move   Verb     `json:"move"`
		Hosts  []string `json:"hosts"`
		What   string   `json:"what,omitempty"`
		Holds  []string `json:"holds,omitempty"`
		Asks   []Ask    `json:"asks,omitempty"`
		Reason string   `json:"reason,omitempty"`
	}{m.Verb, m.Hosts, m.What, m.Holds, m.Asks, m.Reason})
}

// failed is a problem of a roll's host.
func failed(host, subject, message, hint string) cluster.Problem {
	return cluster.Problem{Host: host, Subject: subject, Message: message, Hint: hint}
}
