package plan

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"

	certificates "k8s.io/api/certificates/v1"

	"hardway/cluster"
	"hardway/kubeconfig"
	"hardway/pki"
	"hardway/remote"
	"hardway/rollout"
	"hardway/worker"
)

// kubeletsOwn is where a kubelet that asks for its certificates shows how far it is.
func kubeletsOwn(spec *cluster.Spec) []string {
	if !spec.KubeletsAsk() {
		return nil
	}
	return []string{kubeconfig.KubeletClientPair, kubeconfig.BootstrapPath}
}

// uninvited is the hosts whose kubelet has no certificate of its own yet.
func uninvited(hosts []rollout.Host) []string {
	var names []string
	for _, h := range hosts {
		if !h.Change.State.Paths[kubeconfig.KubeletClientPair].Exists {
			names = append(names, h.Change.Host)
		}
	}
	return names
}

// waiting is the hosts whose kubelet runs and has no serving certificate of the cluster, or waits for a new one, or has kept
// the token of a run that was cut off.
func (e *Env) waiting(ctx context.Context, hosts []rollout.Host) ([]string, error) {
	running := slices.DeleteFunc(slices.Clone(hosts), func(h rollout.Host) bool {
		node, _ := e.Spec.Node(h.Change.Host)
		return !h.Change.State.Units[worker.KubeletUnit].Running() || !e.Spec.RunsKubelet(&node)
	})
	if len(running) == 0 {
		return nil, nil
	}
	asked, err := e.approvable(ctx)
	if err != nil {
		return nil, err
	}
	waits := make([]bool, len(running))
	err = remote.ForEach(ctx, indices(running), e.Spec.SSH.Parallel, func(ctx context.Context, i int) error {
		name := running[i].Change.Host
		node, _ := e.Spec.Node(name)
		waits[i] = running[i].Change.State.Paths[kubeconfig.BootstrapPath].Exists || slices.Contains(asked, name) || e.kubeletServes(ctx, node) != nil
		return nil
	})
	var names []string
	for i, h := range running {
		if waits[i] {
			names = append(names, h.Change.Host)
		}
	}
	return names, err
}

// approvable is the nodes with a request that may be approved. Where no API server answers there are none to be seen.
func (e *Env) approvable(ctx context.Context) ([]string, error) {
	client, _ := e.apiServer(ctx)
	if client == nil {
		return nil, nil
	}
	requests, err := client.Requests(ctx, certificates.KubeletServingSignerName)
	var names []string
	for i := range requests {
		if r := &requests[i]; worker.IsServingRequest(r) && len(worker.Judge(e.Spec, r)) == 0 {
			names = append(names, worker.RequestNode(r))
		}
	}
	return names, err
}

// kubeletServes is nil when the node's kubelet serves with a certificate that API servers believe, asked from its own host.
func (e *Env) kubeletServes(ctx context.Context, node cluster.Node) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	config, err := e.store().Trust(pki.Kubernetes)
	if err != nil {
		return err
	}
	config.ServerName = node.PrimaryAddress()
	conn, err := e.connect(ctx, node)
	if err != nil {
		return err
	}
	raw, err := conn.Dial(ctx, "tcp", net.JoinHostPort(node.PrimaryAddress(), strconv.Itoa(worker.KubeletPort)))
	if err != nil {
		return fmt.Errorf("its kubelet does not serve: %w", err)
	}
	defer func() { _ = raw.Close() }()
	if err := tls.Client(raw, config).HandshakeContext(ctx); err != nil {
		return fmt.Errorf("its kubelet serves with no certificate of the cluster: %w", err)
	}
	return nil
}
