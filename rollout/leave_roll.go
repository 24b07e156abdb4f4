package rollout

import (
	"slices"
	"strings"
)

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
