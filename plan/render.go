package plan

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/controlplane"
	"hardway/etcd"
	"hardway/haproxy"
	"hardway/manifests"
	"hardway/worker"
)

// component is one thing that hosts run: what it needs on a host, and who reads it there.
type component struct {
	name string
	// on says which hosts have it.
	on    func(*cluster.Spec, cluster.Node) bool
	what  string
	files func(sources, cluster.Node) ([]artifact.File, error)
	reads func(*cluster.Spec, cluster.Node) []artifact.Read
}

// components is every component that can be rendered, in the order in which they start.
var components = []component{
	{"etcd", having(cluster.RoleEtcd), "etcd's unit and certificates", etcdFiles, etcd.Reads},
	{"controlplane", having(cluster.RoleControlPlane), "API server, controller-manager and scheduler", controlplaneFiles, controlplane.Reads},
	{"haproxy", having(cluster.RoleLoadBalancer), "the balancer's configuration", haproxyFiles, haproxy.Reads},
	{"worker", worker.On, "kubelet, kube-proxy, containerd's configuration and the pods' network", workerFiles, worker.Reads},
}

// having is the hosts of a role.
func having(role cluster.Role) func(*cluster.Spec, cluster.Node) bool {
	return func(_ *cluster.Spec, n cluster.Node) bool { return n.Has(role) }
}

// rendering is what a render step writes.
type rendering struct {
	components []component
	manifests  bool
}

func (e *Env) renders() []Step {
	var steps []Step
	for _, c := range components {
		steps = append(steps, e.render(c.name, "write "+c.what+" under hosts/", rendering{components: []component{c}}))
	}
	return append(steps,
		e.render("manifests", "write the objects inside the cluster under manifests/", rendering{manifests: true}),
		e.render("all", "write everything under hosts/ and manifests/", rendering{components, true}))
}

func (e *Env) render(name, summary string, what rendering, notes ...string) Step {
	return Step{
		Path:    []string{"render", name},
		Summary: summary,
		Why: "Every file a host will hold first stands in the work directory, where it can be read, reviewed and compared. " +
			"hosts/ holds no secret: each tree's .manifest.json names those and where in pki/ their bytes come from.",
		Offline: true,
		ByHand:  renderByHand(name),
		Plan: func(context.Context) (Action, error) {
			return e.planRender(what, notes...)
		},
	}
}

// planRender computes the trees; what differs from the ones on disk is the change.
func (e *Env) planRender(what rendering, notes ...string) (Action, error) {
	from, secrets, err := e.sources(what.components)
	if err != nil {
		return Action{}, err
	}
	objects, gone, err := e.manifestFiles(what)
	if err != nil {
		return Action{}, err
	}
	report := Report{Changes: e.local(artifact.Plan{Decisions: slices.Concat(secrets.Decisions, objects.Decisions)}).Report.Changes, Notes: notes}
	for _, file := range gone {
		report.Changes = append(report.Changes, Change{Subject: file, Action: "delete", Reason: "no longer wanted"})
	}
	write := slices.Concat(secrets.Files, objects.Files)
	for _, node := range e.Spec.Hosts {
		old, drifts, err := artifact.LoadTree(e.Work, node.Name)
		if err != nil {
			return Action{}, err
		}
		tree, err := from.tree(old, node, what.components)
		if err != nil {
			return Action{}, err
		}
		if err := refuseEdited(e.Work, tree, drifts); err != nil {
			return Action{}, err
		}
		locals, removed, changes, err := treeChanges(e.Work, old, tree)
		if err != nil {
			return Action{}, err
		}
		write, gone = append(write, locals...), append(gone, removed...)
		report.Changes = append(report.Changes, changes...)
	}
	if len(write)+len(gone) == 0 {
		report.Notes = append(report.Notes, what.asItShould())
		return Action{Report: report}, nil
	}
	return Action{Report: report, Do: func(context.Context) (Report, error) {
		return done(report, e.Work.Commit(write, gone...))
	}}, nil
}

// manifestFiles decides about manifests/, where the step writes it.
func (e *Env) manifestFiles(what rendering) (artifact.Plan, []string, error) {
	if !what.manifests {
		return artifact.Plan{}, nil, nil
	}
	return manifests.Plan(e.Work, e.Spec)
}

func (r rendering) asItShould() string {
	switch {
	case !r.manifests:
		return "hosts/ is as the spec wants it"
	case len(r.components) == 0:
		return "manifests/ is as the spec wants it"
	}
	return "hosts/ and manifests/ are as the spec wants them"
}

// treeChanges is the files to write and to remove, so that hosts/<node> becomes the tree.
func treeChanges(w *artifact.WorkDir, old, tree artifact.Tree) (write []artifact.Local, gone []string, changes []Change, err error) {
	if len(old.Files)+len(tree.Files) == 0 {
		return nil, nil, nil, nil
	}
	locals, err := tree.Locals()
	if err != nil {
		return nil, nil, nil, err
	}
	standing := map[string]bool{}
	for _, l := range locals {
		standing[l.Path] = true
		current, err := os.ReadFile(w.Path(l.Path))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			changes = append(changes, Change{tree.Node, l.Path, "create", "missing"})
		case err != nil:
			return nil, nil, nil, err
		case string(current) == string(l.Data):
			continue
		default:
			changes = append(changes, Change{tree.Node, l.Path, "update", "the spec, the certificates or hardway changed"})
		}
		write = append(write, l)
	}
	for _, f := range old.Files {
		path := artifact.TreePath(tree.Node, f.Path)
		if !f.IsDir() && f.Source == "" && !standing[path] {
			gone = append(gone, path)
			changes = append(changes, Change{tree.Node, path, "delete", "no longer wanted"})
		}
	}
	return write, gone, changes, nil
}

// refuseEdited turns hand edits into one error with the difference: hosts/ is output, and what was put there by hand would
// be lost by rendering, or shipped without being derived from anything. Files that are gone are simply written again.
func refuseEdited(w *artifact.WorkDir, wanted artifact.Tree, drifts []artifact.Drift) error {
	problems, err := editedProblems(w, wanted, drifts)
	if err != nil {
		return err
	}
	return problems.OrNil()
}

func editedProblems(w *artifact.WorkDir, wanted artifact.Tree, drifts []artifact.Drift) (cluster.Problems, error) {
	var problems cluster.Problems
	for _, d := range drifts {
		if d.Gone || d.Source != "" {
			continue
		}
		i := slices.IndexFunc(wanted.Files, func(f artifact.File) bool { return f.Path == d.Path })
		if i < 0 {
			continue
		}
		difference, same, err := editDifference(w, d, wanted.Files[i])
		if err != nil {
			return nil, err
		}
		if !same {
			problems = append(problems, cluster.Problem{
				Host: d.Node, Subject: filepath.ToSlash(artifact.TreePath(d.Node, d.Path)),
				Message: "was edited by hand:\n" + difference,
				Hint:    "hosts/ is output: put the change into cluster.yaml, or delete the file and render again",
			})
		}
	}
	return problems, nil
}
