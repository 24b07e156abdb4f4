package plan

import (
	"context"
	"fmt"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"hardway/artifact"
	"hardway/binaries"
	"hardway/cluster"
	"hardway/remote"
	"hardway/rollout"
)

// host is a node with the connection to it and what it should hold.
type host struct {
	node cluster.Node
	conn Conn
	want rollout.Want
}

// loaded is what stands in hosts/ for a node.
type loaded struct {
	node   cluster.Node
	tree   artifact.Tree
	drifts []artifact.Drift
}

// rendered is what hosts/ says each of the nodes should hold. Trees that are missing, edited or older than the
// certificates they name are refused: what is shipped is exactly what was rendered and could be reviewed.
func (e *Env) rendered(nodes []cluster.Node) ([]rollout.Want, error) {
	trees := make([]loaded, len(nodes))
	err := onAllCores(len(nodes), func(i int) error {
		tree, drifts, err := artifact.LoadTree(e.Work, nodes[i].Name)
		trees[i] = loaded{nodes[i], tree, drifts}
		return err
	})
	if err != nil {
		return nil, err
	}
	all, present := e.sourcesOnce(components), e.sourcesOnce(presentIn(trees))
	found := make([]cluster.Problems, len(trees))
	err = onAllCores(len(trees), func(i int) (err error) {
		found[i], err = e.unfit(trees[i], all, present)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := slices.Concat(found...).OrNil(); err != nil {
		return nil, err
	}
	var wants []rollout.Want
	for _, l := range trees {
		wants = append(wants, rollout.Want{Node: l.node, Files: l.tree.Files, Reads: reads(e.Spec, l.node), Watch: watched(e.Spec, l.node), Keep: programs(e.Spec, l.node)})
	}
	return wants, nil
}

// programs is where the executables stand that a node needs. They are not taken off it because binaries.dir has lost them,
// as in a work directory that was cloned without: units run them.
func programs(spec *cluster.Spec, node cluster.Node) []string {
	var paths []string
	for _, b := range binaries.Wanted(spec, []cluster.Node{node}) {
		paths = append(paths, binaries.Path(b.Name))
	}
	return paths
}

// unfit is why a tree cannot be shipped. A host that is to hold nothing is looked at too: it may hold what was delivered
// when it had another role.
func (e *Env) unfit(l loaded, all, present func() (sources, error)) (cluster.Problems, error) {
	if len(l.tree.Files) == 0 && rendersAnything(e.Spec, l.node) {
		return cluster.Problems{{
			Host: l.node.Name, Subject: artifact.TreePath(l.node.Name, ""), Message: "nothing is rendered for this host",
			Hint: "run `hardway render all`",
		}}, nil
	}
	found, err := e.explainDrifts(l, all)
	if err != nil || len(found) > 0 {
		return found, err
	}
	return outdated(l, present)
}

// onAllCores does something n times, as often at a time as there are cores. The error is the first that happened.
func onAllCores(n int, do func(i int) error) error {
	var workers errgroup.Group
	workers.SetLimit(runtime.GOMAXPROCS(0))
	for i := range n {
		workers.Go(func() error { return do(i) })
	}
	return workers.Wait()
}

// presentIn is the components that any of the trees holds.
func presentIn(trees []loaded) []component {
	return slices.DeleteFunc(slices.Clone(components), func(c component) bool {
		return !slices.ContainsFunc(trees, func(l loaded) bool { return l.holds(c) })
	})
}

func (l loaded) holds(c component) bool {
	return slices.ContainsFunc(l.tree.Files, func(f artifact.File) bool { return f.Component == c.name })
}

func rendersAnything(spec *cluster.Spec, node cluster.Node) bool {
	return slices.ContainsFunc(components, func(c component) bool { return c.on(spec, node) })
}

func reads(spec *cluster.Spec, node cluster.Node) []artifact.Read {
	var all []artifact.Read
	for _, c := range components {
		if c.on(spec, node) {
			all = append(all, c.reads(spec, node)...)
		}
	}
	return all
}

// explainDrifts says for each rendered file that is not what was rendered whether a hand did it or the sources moved on.
func (e *Env) explainDrifts(l loaded, read func() (sources, error)) (cluster.Problems, error) {
	if len(l.drifts) == 0 {
		return nil, nil
	}
	var problems cluster.Problems
	var edited []artifact.Drift
	for _, d := range l.drifts {
		if !d.Gone && d.Source == "" {
			edited = append(edited, d)
			continue
		}
		message := "is missing"
		if d.Source != "" {
			message = "was rendered from " + d.Source + ", which is another file now"
		}
		problems = append(problems, cluster.Problem{
			Host: d.Node, Subject: artifact.TreePath(d.Node, d.Path), Message: message, Hint: "run `hardway render all`",
		})
	}
	from, err := read()
	if err != nil {
		return nil, err
	}
	wanted, err := from.tree(artifact.Tree{Node: l.node.Name}, l.node, components)
	if err != nil {
		return nil, err
	}
	byHand, err := editedProblems(e.Work, wanted, edited)
	return append(problems, byHand...), err
}

// dial connects to the hosts of all wants side by side.
func (e *Env) dial(ctx context.Context, wants []rollout.Want) ([]host, error) {
	hosts := make([]host, len(wants))
	for i, want := range wants {
		hosts[i] = host{node: want.Node, want: want}
	}
	through := e.counting(PhaseConnect, len(hosts))
	err := remote.ForEach(ctx, indices(hosts), e.Spec.SSH.Parallel, func(ctx context.Context, i int) error {
		conn, err := e.connect(ctx, hosts[i].node)
		hosts[i].conn = conn
		through(hosts[i].node.Name)
		return err
	})
	return hosts, err
}

// changers is the connections to hosts.
func changers(hosts []host) []remote.Changer {
	out := make([]remote.Changer, len(hosts))
	for i, h := range hosts {
		out[i] = h.conn
	}
	return out
}

// compare computes what would change on every host.
func (e *Env) compare(ctx context.Context, hosts []host) ([]rollout.Change, error) {
	changes := make([]rollout.Change, len(hosts))
	through := e.counting(PhaseCompare, len(hosts))
	err := remote.ForEach(ctx, indices(hosts), e.Spec.SSH.Parallel, func(ctx context.Context, i int) (err error) {
		want := hosts[i].want
		want.Run, want.Confirm = e.run, e.hostLocks().Confirm
		changes[i], err = e.looks.of(want.Node.Name, func() (rollout.Change, error) { return rollout.Compare(ctx, hosts[i].conn, want) })
		if err != nil {
			return fmt.Errorf("%s: failed to compare: %w", hosts[i].node.Name, err)
		}
		through(hosts[i].node.Name)
		return nil
	})
	return changes, err
}

// contents says what the changes do to the bytes of files, by their rows.
func (e *Env) contents(ctx context.Context, hosts []host, changes []rollout.Change) (map[Change]rollout.Contents, error) {
	found := make([]map[string]rollout.Contents, len(hosts))
	err := remote.ForEach(ctx, indices(hosts), e.Spec.SSH.Parallel, func(ctx context.Context, i int) (err error) {
		found[i], err = changes[i].Contents(ctx, hosts[i].conn)
		return err
	})
	out := map[Change]rollout.Contents{}
	for i, c := range changes {
		for _, row := range listed(c) {
			if contents, ok := found[i][row.Subject]; ok {
				out[row] = contents
			}
		}
	}
	return out, err
}

func indices[T any](items []T) []int {
	out := make([]int, len(items))
	for i := range out {
		out[i] = i
	}
	return out
}

// listed turns a host's difference into rows.
func listed(c rollout.Change) []Change {
	var rows []Change
	for _, f := range c.Files {
		rows = append(rows, Change{c.Host, f.Path, string(f.Verb), f.Reason})
	}
	for _, u := range c.Units {
		rows = append(rows, Change{c.Host, u.Unit, string(u.Verb), u.Reason})
	}
	return rows
}
