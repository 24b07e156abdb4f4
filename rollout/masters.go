package rollout

import (
	"slices"

	"hardway/artifact"
	"hardway/controlplane"
	"hardway/etcd"
)

// Masters is what a rolling change of masters is computed from: of etcd, of the control plane, or of both at once.
type Masters struct {
	// Hosts is those that the run is for, in the order of the spec, each with the components to apply.
	Hosts []Host
	// Members and Servers is every host with etcd and with an API server, in that order too, also those that the run is not
	// for: gates ask them.
	Members, Servers []string
	// Decision is about the hosts of the run, Leader the one whose member leads.
	Decision etcd.Decision
	Leader   string
	// Serving: API servers run in this cluster.
	Serving bool
	// Balancers is the hosts that have clients for the API servers right now.
	Balancers []string
}

// Roll is the change as turns: what is stopped starts first, side by side, for nothing depends on it; then what runs
// changes, one host at a time, the leader last.
func (m Masters) Roll() Roll {
	var roll Roll
	for _, h := range m.Hosts {
		if m.busy(h) {
			roll.Batch = append(roll.Batch, h)
		}
	}
	m.Hosts = roll.Batch
	members, servers, rolling := m.starting(), m.newServers(), m.rolling()
	roll.Turns = append(roll.Turns, m.startMembers(members, rolling)...)
	roll.Turns = append(roll.Turns, m.startServers(servers, members)...)
	for i, h := range rolling {
		roll.Turns = append(roll.Turns, m.turn(h, names(rolling[i+1:]), slices.Contains(members, h.Change.Host)))
	}
	return roll
}

func (m Masters) busy(h Host) bool {
	return !h.Idle() || len(h.Units()) > 0 || slices.Contains(m.Decision.Arm, h.Change.Host)
}

// starting is the hosts whose member starts, or begins the cluster.
func (m Masters) starting() []string {
	if m.Decision.Bootstrap {
		return names(m.having(etcd.Component))
	}
	return m.Decision.Start
}

func (m Masters) having(component string) []Host {
	return slices.DeleteFunc(slices.Clone(m.Hosts), func(h Host) bool { return !slices.Contains(h.Components, component) })
}

// newServers is the hosts whose API server starts without anything else to be changed under it.
func (m Masters) newServers() []string {
	return names(slices.DeleteFunc(m.having(controlplane.Component), func(h Host) bool {
		_, starts := h.unit(controlplane.APIServerUnit, Start)
		return !starts || m.restartsEtcd(h)
	}))
}

// restartsEtcd reports whether a running member of the host is restarted in the host's own turn.
func (m Masters) restartsEtcd(h Host) bool {
	return !m.Decision.Bootstrap && slices.Contains(m.Decision.Restart, h.Change.Host)
}

// rolling is the hosts that have something running to change, the leader last.
func (m Masters) rolling() []Host {
	started := append(slices.Clone(m.starting()), m.newServers()...)
	var hosts, leader []Host
	for _, h := range m.Hosts {
		_, stale := h.unit(controlplane.APIServerUnit, RestartUnit)
		switch {
		case slices.Contains(started, h.Change.Host) && !stale && !m.restartsEtcd(h) && !m.otherUnits(h):
		case h.Change.Host == m.Leader:
			leader = append(leader, h)
		default:
			hosts = append(hosts, h)
		}
	}
	return append(hosts, leader...)
}

// otherUnits reports whether controllers change on a host whose API server runs already: where it starts, they start
// with it.
func (m Masters) otherUnits(h Host) bool {
	return h.runs(controlplane.APIServerUnit) && slices.ContainsFunc(controllers, func(unit string) bool {
		_, changes := h.unit(unit, Start, RestartUnit)
		return changes
	})
}

var controllers = []string{controlplane.ControllerManagerUnit, controlplane.SchedulerUnit}

// startMembers brings stopped members up, all at once, because each waits for the others. In a cluster that begins, files
// stand everywhere before any start state, and every start state before any start. Members that wait already, on inputs
// of before, are restarted: they hold nothing yet. One that is ready takes its start state off by itself.
func (m Masters) startMembers(hosts []string, rolling []Host) []Turn {
	if !m.Decision.Bootstrap && len(m.Decision.Start)+len(m.Decision.Await) == 0 {
		return nil
	}
	var moves []Move
	moves = append(moves, on(hosts, Move{Verb: Commit})...)
	if m.Decision.Bootstrap {
		moves = append(moves, on(m.Decision.Arm, Move{Verb: Arm, What: etcd.BootstrapPath, Reason: "every data directory is empty: a new cluster begins"})...)
		moves = append(moves, on(m.Decision.Restart, Move{Verb: RestartUnit, What: etcd.Unit, NoWait: true, Reason: "waits for its cluster on inputs that are no longer what stands there"})...)
	}
	moves = append(moves, m.enable(hosts, etcd.Unit)...)
	moves = append(moves, on(m.Decision.Start, Move{Verb: Start, What: etcd.Unit, NoWait: true, Reason: "is not running"})...)
	may := names(rolling)
	if m.Decision.Bootstrap {
		may = nil
	}
	return []Turn{{Moves: append(moves, gate(without(m.Members, may), AskEtcd))}}
}

// startServers starts API servers side by side, and then what speaks with them.
func (m Masters) startServers(hosts, committed []string) []Turn {
	if len(hosts) == 0 {
		return nil
	}
	moves := append([]Move{gate(m.Members, AskEtcd)}, on(without(hosts, committed), Move{Verb: Commit})...)
	moves = append(moves, m.enable(hosts, append([]string{controlplane.APIServerUnit}, controllers...)...)...)
	moves = append(moves, on(hosts, Move{Verb: Start, What: controlplane.APIServerUnit, NoWait: true, Reason: "is not running"})...)
	moves = append(moves, gate(hosts, AskAPI))
	for _, unit := range controllers {
		for _, verb := range []Verb{Start, RestartUnit} {
			moves = append(moves, m.controller(hosts, unit, verb)...)
		}
	}
	return []Turn{{Moves: append(moves, gate(hosts, AskAPI, AskControllers))}}
}

func (m Masters) controller(hosts []string, unit string, verb Verb) []Move {
	var moves []Move
	for _, h := range m.Hosts {
		if u, changes := h.unit(unit, verb); changes && slices.Contains(hosts, h.Change.Host) {
			moves = join(moves, Move{Verb: verb, Hosts: []string{h.Change.Host}, What: unit, Reason: u.Reason})
		}
	}
	return moves
}

func (m Masters) enable(hosts []string, units ...string) []Move {
	var moves []Move
	for _, unit := range units {
		for _, h := range m.Hosts {
			if u, off := h.unit(unit, Enable); off && slices.Contains(hosts, h.Change.Host) {
				moves = join(moves, Move{Verb: Enable, Hosts: []string{h.Change.Host}, What: unit, Reason: u.Reason})
			}
		}
	}
	return moves
}

// join puts a move to the one before where they do the same for the same reason.
func join(moves []Move, next Move) []Move {
	if last := len(moves) - 1; last >= 0 && moves[last].Verb == next.Verb && moves[last].What == next.What && moves[last].Reason == next.Reason {
		moves[last].Hosts = append(moves[last].Hosts, next.Hosts...)
		return moves
	}
	return append(moves, next)
}

// turn changes one master. Its API server is out of the way of clients before it stops, and stopped before its etcd is
// restarted: writes through it would hang meanwhile.
func (m Masters) turn(h Host, waiting []string, committed bool) Turn {
	host := h.Change.Host
	restart, stale := h.unit(controlplane.APIServerUnit, RestartUnit)
	restartsEtcd := m.restartsEtcd(h)
	disrupts := stale || restartsEtcd
	away := h.runs(controlplane.APIServerUnit) && disrupts
	if !stale {
		restart.Reason = "its etcd restarts"
	}
	moves := []Move{m.before(host, waiting, disrupts)}
	if away {
		moves = append(moves, on(m.drainable(), Move{Verb: Drain, What: host, Reason: "its API server restarts"})...)
		moves = append(moves, on(m.drainable(), Move{Verb: Leave, What: host})...)
		moves = append(moves, one(host, Stop, controlplane.APIServerUnit, restart.Reason))
	}
	if !committed && !h.Idle() {
		moves = append(moves, Move{Verb: Commit, Hosts: []string{host}})
	}
	if restartsEtcd {
		u, _ := h.unit(etcd.Unit, RestartUnit)
		moves = append(moves, m.handOver(host), one(host, RestartUnit, etcd.Unit, u.Reason))
	}
	for _, u := range h.Units() {
		if u.Verb == Enable {
			moves = append(moves, one(host, Enable, u.Unit, u.Reason))
		}
	}
	moves = append(moves, m.serve(h, away)...)
	for _, unit := range controllers {
		if u, changes := h.unit(unit, Start, RestartUnit); changes {
			moves = append(moves, one(host, u.Verb, unit, u.Reason))
		}
	}
	if !committed && h.deliversServed() {
		moves = append(moves, gate([]string{host}, AskServed))
	}
	return Turn{Host: host, Moves: append(moves, m.after(host, waiting))}
}

// handOver moves the lead away from a host that has it. The other API servers are held meanwhile, because etcd drops what is
// written then. The reason is there where it is known that the host leads: elsewhere nothing is done, unless the lead comes
// there before.
func (m Masters) handOver(host string) Move {
	move := Move{Verb: MoveLeader, Hosts: []string{host}, What: etcd.Unit}
	if len(m.Members) < 2 {
		return move
	}
	if host == m.Leader {
		move.Reason = "its member leads, and restarts"
	}
	if m.Serving {
		move.Holds = without(m.Servers, []string{host})
	}
	return move
}

// deliversServed reports whether certificates change that units serve as soon as they stand there.
func (h Host) deliversServed() bool {
	return slices.ContainsFunc(h.Change.want.Reads, func(r artifact.Read) bool { return r.ServesHot() && h.delivers(r.Path) && h.runs(r.Unit) })
}

// serve brings the host's API server back to its clients.
func (m Masters) serve(h Host, away bool) []Move {
	host := h.Change.Host
	u, starts := h.unit(controlplane.APIServerUnit, Start)
	switch {
	case away:
		moves := m.startServer(host, "was stopped for its turn")
		return append(moves, on(m.drainable(), Move{Verb: Undrain, What: host, Reason: "its API server is ready"})...)
	case starts:
		return m.startServer(host, u.Reason)
	}
	return nil
}

func (m Masters) startServer(host, reason string) []Move {
	start := one(host, Start, controlplane.APIServerUnit, reason)
	start.NoWait = true
	return []Move{start, gate([]string{host}, AskAPI)}
}

// drainable is the balancers to drain on. With a single API server there is nowhere else for clients to go.
func (m Masters) drainable() []string {
	if len(m.Servers) < 2 {
		return nil
	}
	return m.Balancers
}

// before wants every other host well where something stops. Where nothing does, those do not count either that are yet
// to be changed: the change may be what mends them, as it may mend this host.
func (m Masters) before(host string, waiting []string, disrupts bool) Move {
	may := []string{host}
	if !disrupts {
		may = append(may, waiting...)
	}
	return gate(without(m.all(), may), m.asks()...)
}

func (m Masters) after(host string, waiting []string) Move {
	return gate(without(m.all(), without(waiting, []string{host})), m.asks()...)
}

func (m Masters) all() []string {
	all := slices.Clone(m.Members)
	return append(all, without(m.Servers, all)...)
}

// asks is what can be asked of this cluster: where no API server runs yet, none is missed.
func (m Masters) asks() []Ask {
	if m.Serving || len(m.having(controlplane.Component)) > 0 {
		return []Ask{AskEtcd, AskAPI, AskControllers}
	}
	return []Ask{AskEtcd}
}

func names(hosts []Host) []string {
	var out []string
	for _, h := range hosts {
		out = append(out, h.Change.Host)
	}
	return out
}

func without[T comparable](all, some []T) []T {
	return slices.DeleteFunc(slices.Clone(all), func(s T) bool { return slices.Contains(some, s) })
}

// on is the move on hosts, nothing without any.
func on(hosts []string, m Move) []Move {
	if len(hosts) == 0 {
		return nil
	}
	m.Hosts = hosts
	return []Move{m}
}

func one(host string, verb Verb, what, reason string) Move {
	return Move{Verb: verb, Hosts: []string{host}, What: what, Reason: reason}
}

func gate(hosts []string, asks ...Ask) Move { return Move{Verb: Gate, Hosts: hosts, Asks: asks} }
