package plan

import (
	"fmt"
	"slices"
	"sync"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/controlplane"
	"hardway/etcd"
	"hardway/haproxy"
	"hardway/pki"
	"hardway/worker"
)

// sources is what trees are rendered from.
type sources struct {
	spec       *cluster.Spec
	store      *pki.Store
	encryption controlplane.Encryption
	secrets    haproxy.Secrets
}

// sources reads what these components are rendered from. The stats password is made here when there is none yet: the plan
// returned writes it.
func (e *Env) sources(what []component) (sources, artifact.Plan, error) {
	from := sources{spec: e.Spec, store: e.store()}
	var write artifact.Plan
	var err error
	if e.anyHostRuns("controlplane", what) {
		if from.encryption, err = controlplane.LoadEncryption(e.Work); err != nil {
			return from, write, err
		}
	}
	if e.anyHostRuns("haproxy", what) {
		if from.secrets, write, err = haproxy.PlanSecrets(e.Work, e.Rand); err != nil {
			return from, write, err
		}
	}
	return from, write, nil
}

// sourcesOnce reads what these components are rendered from when it is first wanted, once for any number of nodes.
func (e *Env) sourcesOnce(what []component) func() (sources, error) {
	return sync.OnceValues(func() (sources, error) {
		from, _, err := e.sources(what)
		return from, err
	})
}

// anyHostRuns reports whether any host of the spec gets the component.
func (e *Env) anyHostRuns(name string, what []component) bool {
	return slices.ContainsFunc(what, func(c component) bool {
		return c.name == name && slices.ContainsFunc(e.Spec.Hosts, func(n cluster.Node) bool { return c.on(e.Spec, n) })
	})
}

// tree is what a node should hold: the components rendered now, and the rest as it was rendered before.
func (from sources) tree(old artifact.Tree, node cluster.Node, what []component) (artifact.Tree, error) {
	tree := old
	for _, c := range what {
		var files []artifact.File
		if c.on(from.spec, node) {
			var err error
			if files, err = c.files(from, node); err != nil {
				return tree, fmt.Errorf("failed to render %s for %s: %w", c.name, node.Name, err)
			}
		}
		tree = tree.Replace(c.name, files)
	}
	return tree, nil
}

func etcdFiles(from sources, node cluster.Node) ([]artifact.File, error) {
	return etcd.Files(from.spec, node, from.store)
}

func controlplaneFiles(from sources, node cluster.Node) ([]artifact.File, error) {
	return controlplane.Files(from.spec, node, from.store, from.encryption)
}

func workerFiles(from sources, node cluster.Node) ([]artifact.File, error) {
	return worker.Files(from.spec, node, from.store)
}

func haproxyFiles(from sources, node cluster.Node) ([]artifact.File, error) {
	return haproxy.Files(from.spec, node, from.store, from.secrets)
}
