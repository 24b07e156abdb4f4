package plan

import (
	"context"
	"slices"
	"time"

	"hardway/cluster"
	"hardway/remote"
	"hardway/rollout"
)

// kept is a host and the generations it keeps, the newest first.
type kept struct {
	node        cluster.Node
	conn        Conn
	generations []rollout.Generation
}

// newest is the run of the last change.
func (k kept) newest() rollout.Generation {
	if len(k.generations) == 0 {
		return rollout.Generation{}
	}
	return k.generations[0]
}

// last is the generations of the last run and of those that are one with it, the newest first: each of its steps made one.
func (k kept) last(one runs) []rollout.Generation {
	n := slices.IndexFunc(k.generations, func(g rollout.Generation) bool { return !one.same(g.Run, k.newest().Run) })
	if n < 0 {
		n = len(k.generations)
	}
	return k.generations[:n]
}

// follows reports whether the host kept something of the run, and something of another one after it.
func (k kept) follows(run string) bool {
	return k.newest().Run != run && slices.ContainsFunc(k.generations, func(g rollout.Generation) bool { return g.Run == run })
}

// lastOf is the newest generation of the newest run. Clocks of operators say nothing of that: a run is older than another one
// that followed it on any host, and of those that met on none the hosts' own clocks decide.
func lastOf(all []kept) rollout.Generation {
	changed := slices.DeleteFunc(slices.Clone(all), func(k kept) bool { return len(k.generations) == 0 })
	newest := slices.DeleteFunc(slices.Clone(changed), func(k kept) bool {
		return slices.ContainsFunc(changed, func(o kept) bool { return o.follows(k.newest().Run) })
	})
	if len(newest) == 0 {
		// Only where locks were broken runs have followed each other in a circle.
		newest = changed
	}
	var last rollout.Generation
	for _, k := range newest {
		if g := k.newest(); last.Run == "" || g.Kept.After(last.Kept) {
			last = g
		}
	}
	return last
}

// before is the host without the generations of its last run.
func (k kept) before(one runs) kept {
	k.generations = k.generations[len(k.last(one)):]
	return k
}

// allKept asks every node what it keeps.
func (e *Env) allKept(ctx context.Context, nodes []cluster.Node) ([]kept, error) {
	all := make([]kept, len(nodes))
	err := remote.ForEach(ctx, indices(nodes), e.Spec.SSH.Parallel, func(ctx context.Context, i int) error {
		conn, err := e.connect(ctx, nodes[i])
		if err != nil {
			return err
		}
		generations, err := rollout.Generations(ctx, conn)
		all[i] = kept{nodes[i], conn, generations}
		return err
	})
	return all, err
}

// generationItem is what -o json says of a generation.
type generationItem struct {
	Host       string    `json:"host"`
	Generation string    `json:"generation"`
	Run        string    `json:"run"`
	At         time.Time `json:"at"`
	Who        string    `json:"who"`
	Command    string    `json:"command"`
	Reason     string    `json:"reason"`
	PutsBack   string    `json:"putsBack"`
	Unfinished bool      `json:"unfinished"`
	Files      int       `json:"files"`
}

// Generations lists what hosts keep of before.
func Generations(e *Env, names []string) Step {
	return Step{
		Path: []string{"rollback"}, Summary: rollbackSummary, Why: rollbackWhy, Check: true, ByHand: rollbackByHand,
		Plan: func(ctx context.Context) (Action, error) {
			nodes, err := e.nodes()
			if err != nil {
				return Action{}, err
			}
			all, err := e.allKept(ctx, named(nodes, names))
			report := Report{
				Problems: cluster.ProblemsOf(err),
				Table:    Table{Header: []string{"HOST", "RUN", "WHEN", "WHO", "COMMAND", "FILES", "CHANGE"}},
			}
			for _, k := range all {
				for _, g := range k.generations {
					report.Table.Rows = append(report.Table.Rows, generationRow(k.node.Name, g))
					report.Items = append(report.Items, generationItem{
						k.node.Name, g.ID, g.Run, g.At, g.Who, g.Command, g.Reason, g.PutsBack, g.Unfinished(), len(g.Files),
					})
				}
			}
			if len(report.Items) == 0 && err == nil {
				report.Notes = []string{"no host keeps anything: nothing was replaced on any yet"}
			}
			return Action{Report: report}, nil
		},
	}
}

func generationRow(host string, g rollout.Generation) []string {
	what := g.Reason
	if g.Unfinished() {
		what += " (cut off)"
	}
	return []string{host, g.Run, g.At.Format(time.RFC3339), g.Who, g.Command, count(len(g.Files), "file"), what}
}

// named is the nodes of these names, all of them without any.
func named(nodes []cluster.Node, names []string) []cluster.Node {
	if len(names) == 0 {
		return nodes
	}
	return chosenNodes(nodes, names)
}
