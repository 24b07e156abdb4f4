package rollout

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"hardway/cluster"
)

// gatePoll is how often a shut gate is tried.
const gatePoll = 250 * time.Millisecond

// gate waits until nothing is wrong with the hosts. One that stays shut stops the run: hosts not yet changed stay as they
// are.
func (r rolling) gate(ctx context.Context, m Move) error {
	end := time.Now().Add(r.GateTimeout)
	for told := false; ; told = true {
		seen := r.seen(ctx, m)
		switch {
		case ctx.Err() != nil:
			// Hosts that were not asked any more have nothing wrong with them, either.
			return ctx.Err()
		case len(seen) == 0:
			return nil
		case time.Now().After(end):
			return append(cluster.Problems{m.shut(r.GateTimeout)}, seen...)
		case !told:
			r.Tell(string(Gate), seen[0].Host, "waiting: "+seen[0].Subject+" "+seen[0].Message)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(gatePoll):
		}
	}
}

// seen is what is wrong with the hosts that have to be well; what is wrong with no host in particular is too.
func (r rolling) seen(ctx context.Context, m Move) []cluster.Problem {
	var problems []cluster.Problem
	for _, ask := range m.Asks {
		for _, p := range r.Asks[ask](ctx, m.Hosts) {
			if p.Host == "" || slices.Contains(m.Hosts, p.Host) {
				problems = append(problems, p)
			}
		}
	}
	return problems
}

func (m Move) shut(timeout time.Duration) cluster.Problem {
	asked := make([]string, len(m.Asks))
	for i, a := range m.Asks {
		asked[i] = string(a)
	}
	return cluster.Problem{
		Subject: strings.Join(asked, ", "),
		Message: fmt.Sprintf("the cluster was not healthy within %s; the run stopped here, what follows is what was seen", timeout),
		Hint:    "mend it, see also `journalctl -u UNIT` on the hosts, then run the same command again: it goes on from here",
	}
}
