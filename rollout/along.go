package rollout

import "slices"

// Along is the roll with further parts of hosts, of which nothing runs. A host that is committed anyway takes its part
// along; the others are committed first, side by side.
func (r Roll) Along(parts []Host) Roll {
	out := Roll{Batch: slices.Clone(r.Batch), Turns: slices.Clone(r.Turns)}
	var first []string
	for _, part := range parts {
		i := slices.IndexFunc(out.Batch, func(h Host) bool { return h.Change.Host == part.Change.Host })
		if i < 0 {
			out.Batch = append(out.Batch, part)
		} else {
			out.Batch[i].Components = append(slices.Clone(out.Batch[i].Components), part.Components...)
		}
		if !r.commits(part.Change.Host) {
			first = append(first, part.Change.Host)
		}
	}
	if len(first) > 0 {
		out.Turns = append([]Turn{{Moves: []Move{{Verb: Commit, Hosts: first}}}}, out.Turns...)
	}
	return out
}
