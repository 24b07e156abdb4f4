package plan

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"hardway/cluster"
	"hardway/remote"
	"hardway/rollout"
)

// Unlock lists the locks on hosts, and breaks those of one name. One that is alive is broken only by force.
func Unlock(e *Env, name string, force bool) Step {
	return Step{
		Path: []string{"unlock"}, Summary: "list the locks on hosts, or break those of a run that died",
		Why: "A run locks every host that it changes, so that two operators do not change the same one. A run that died cannot take its " +
			"locks off. The next one on the same machine sees that and takes them over; from elsewhere nobody can know whether it is dead, " +
			"so a person says so, by the lock's name.",
		Check:  name == "",
		ByHand: unlockByHand,
		Plan: func(ctx context.Context) (Action, error) {
			report, seen, err := e.seeLocks(ctx)
			if err != nil || name == "" {
				return Action{Report: report}, err
			}
			return e.breakLocks(report.Problems, seen, name, force)
		},
	}
}

// lockSeen is a lock and the connection to its host.
type lockSeen struct {
	rollout.Locked
	conn Conn
}

// lockItem is what -o json says of a lock.
type lockItem struct {
	Host    string            `json:"host"`
	Lock    string            `json:"lock"`
	Who     string            `json:"who"`
	PID     int               `json:"pid"`
	Command string            `json:"command"`
	Since   time.Time         `json:"since"`
	Renewed float64           `json:"renewedSecondsAgo"`
	State   rollout.LockState `json:"state"`
}

// seeLocks looks at every host; one that cannot be reached is a finding. So is a lock whose holder is not alive.
func (e *Env) seeLocks(ctx context.Context) (Report, []lockSeen, error) {
	nodes, err := e.nodes()
	if err != nil {
		return Report{}, nil, err
	}
	found := make([]*lockSeen, len(nodes))
	err = remote.ForEach(ctx, indices(nodes), e.Spec.SSH.Parallel, func(ctx context.Context, i int) error {
		conn, err := e.connect(ctx, nodes[i])
		if err != nil {
			return err
		}
		lock, stands, err := e.hostLocks().SeeLock(ctx, conn)
		if stands {
			found[i] = &lockSeen{lock, conn}
		}
		return err
	})
	report := Report{Problems: cluster.ProblemsOf(err), Table: Table{Header: []string{"HOST", "LOCK", "WHO", "COMMAND", "SINCE", "RENEWED", "STATE"}}}
	var seen []lockSeen
	for _, l := range found {
		if l == nil {
			continue
		}
		seen = append(seen, *l)
		h := l.Holder
		report.Found = report.Found || l.State != rollout.Alive
		report.Table.Rows = append(report.Table.Rows, []string{
			l.Node, h.ID, h.String(), h.Command, h.Since.UTC().Format(time.RFC3339), l.Age.String() + " ago", string(l.State),
		})
		report.Items = append(report.Items, lockItem{l.Node, h.ID, h.String(), h.PID, h.Command, h.Since, l.Age.Seconds(), l.State})
	}
	if len(seen) == 0 && len(report.Problems) == 0 {
		report.Notes = []string{count(len(nodes), "host") + " looked at, none is locked"}
	}
	return report, seen, nil
}

// breakLocks takes off the very locks that were seen.
func (e *Env) breakLocks(unreachable []cluster.Problem, seen []lockSeen, name string, force bool) (Action, error) {
	named := slices.DeleteFunc(slices.Clone(seen), func(l lockSeen) bool { return l.Holder.ID != name })
	if len(named) == 0 {
		return Action{}, append(cluster.Problems{noSuchLock(seen, name)}, unreachable...)
	}
	report := Report{Problems: unreachable}
	for _, l := range named {
		if l.State == rollout.Alive && !force {
			return Action{}, cluster.Problems{{
				Host: l.Node, Subject: rollout.LockPath, Message: "is not stale, its run is at work: " + l.String(),
				Hint: "ask " + l.Holder.String() + ", or wait; --yes breaks it all the same, and that run stops before its next change",
			}}
		}
		report.Changes = append(report.Changes, Change{l.Node, rollout.LockPath, string(rollout.Delete), string(l.State) + ": " + l.String()})
	}
	return Action{Report: report, Do: func(ctx context.Context) (Report, error) {
		return done(report, remote.ForEach(ctx, named, e.Spec.SSH.Parallel, func(ctx context.Context, l lockSeen) error {
			return e.hostLocks().Break(ctx, l.conn, l.Locked)
		}))
	}}, nil
}

func noSuchLock(seen []lockSeen, name string) cluster.Problem {
	var names []string
	for _, l := range seen {
		if !slices.Contains(names, l.Holder.ID) {
			names = append(names, l.Holder.ID)
		}
	}
	p := cluster.Problem{Subject: rollout.LockPath, Message: fmt.Sprintf("no host is locked by the name %q", name), Hint: "`hardway unlock` lists the locks: there is none"}
	if len(names) > 0 {
		p.Hint = "`hardway unlock` lists the locks: there is " + strings.Join(names, ", ")
	}
	return p
}

func unlockByHand(spec *cluster.Spec) []Command {
	return perNode(spec.Hosts, func(n cluster.Node) []Command {
		return []Command{handOn(spec, n).on("who holds the lock, and how long ago it was renewed; `rm` takes it off once you know that nobody is at work",
			"[ ! -e "+rollout.LockPath+" ] || { cat "+rollout.LockPath+"; stat -c 'renewed %y' "+rollout.LockPath+"; date; }")}
	})
}
