package plan

import (
	"context"
	"path"

	"hardway/cluster"
	"hardway/manifests"
	"hardway/rollout"
	"hardway/worker"
)

// workers is the rolling change of nodes, and of masters' routes to pods.
func (e *Env) workers(ctx context.Context, s view, what []string) (rollout.Workers, error) {
	w := rollout.Workers{Asking: e.Spec.KubeletsAsk()}
	if !applies(what, worker.Component) {
		return w, nil
	}
	var problems cluster.Problems
	for _, node := range e.Spec.Hosts {
		if !e.chosen(node.Name) || !worker.On(e.Spec, node) {
			continue
		}
		part := s.part(node.Name, []string{worker.Component})
		if len(part.Components) == 0 {
			continue
		}
		if e.Spec.RunsKubelet(&node) {
			problems = append(problems, e.missingOnNode(part.Change)...)
		}
		w.Hosts = append(w.Hosts, part)
	}
	if err := problems.OrNil(); err != nil || !w.Asking {
		return w, err
	}
	w.Uninvited = uninvited(w.Hosts)
	var err error
	w.Waiting, err = e.waiting(ctx, w.Hosts)
	return w, err
}

// missingOnNode is what a node needs that hardway neither finds there nor delivers.
func (e *Env) missingOnNode(c rollout.Change) []cluster.Problem {
	problems := rollout.MissingBinaries(c, worker.Component, worker.Programs()...)
	for _, p := range rollout.MissingBinaries(c, worker.Component, worker.PluginPaths(e.Spec)...) {
		p.Message = "there is no CNI plugin " + path.Base(p.Subject) + " on the host, and none in binaries.dir/cni to deliver"
		p.Hint = "run `hardway binaries fetch` and `hardway render worker`, or say with worker.cniBinDir where the host's package has it"
		problems = append(problems, p)
	}
	if c.State.Units[worker.ContainerdUnit].Load == "not-found" {
		problems = append(problems, cluster.Problem{
			Host: c.Host, Subject: worker.ContainerdUnit, Message: "containerd is not installed on the host",
			Hint: "install it there (apt-get install containerd), then run the same command again",
		})
	}
	return problems
}

// registerNode brings the host's Node to be what the spec says, before its kubelet makes one that leaves its pod network to
// the controller-manager.
func (e *Env) registerNode(ctx context.Context, _ rollout.Move, host string) error {
	nodes, err := manifests.Nodes(e.Spec)
	if err != nil {
		return err
	}
	client, unready := e.apiServer(ctx)
	if client == nil {
		return unready
	}
	for _, o := range nodes {
		if o.GetName() != host {
			continue
		}
		change, err := client.Compare(ctx, o)
		if err != nil {
			return err
		}
		if change != nil {
			return client.Do(ctx, *change)
		}
	}
	return nil
}
