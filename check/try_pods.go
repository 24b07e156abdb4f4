package check

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	core "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"hardway/cluster"
	"hardway/manifests"
	"hardway/remote"
)

const (
	// podsWithin is how long pods may take to run: a node may have to pull the image first.
	podsWithin = time.Minute
	podsEvery  = 200 * time.Millisecond
	// settleWithin is how long after that routes, rules and endpoints may take to be there.
	settleWithin = 5 * time.Second
)

// podChecks is what pods are made for, those first that others build on.
var podChecks = []string{livePods, liveLogs, liveExec, liveDNS, livePodToPod, liveService, liveNodePort}

// trial is the pods of a moment, by their nodes, and what was found with them.
type trial struct {
	*moment
	pods    map[string]core.Pod
	service *core.Service

	mu   sync.Mutex
	rows map[string][]Row
}

func (t *trial) add(check, host string, rows []Row) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rows[check] = append(t.rows[check], at(host, rows)...)
}

// tryPods is what the checks with pods say, by their names.
func (m *moment) tryPods(ctx context.Context) map[string][]Row {
	t := &trial{moment: m, rows: map[string][]Row{}}
	nodes := slices.DeleteFunc(slices.Clone(m.ready), func(n cluster.Node) bool { return !m.chosen(n.Name) })
	if !m.wantsCheck(livePods) {
		return nil
	}
	if m.waives(livePods) {
		return map[string][]Row{livePods: row(Waived, "", "none was made")}
	}
	if len(nodes) == 0 {
		return t.unknownAll(unknown("see `"+liveNodes+"`", "no node is ready to run a pod"))
	}
	defer t.end(ctx)
	if err := t.start(ctx); err != nil {
		rows := t.unknownAll(unknown("see `"+livePods+"`", "not tried"))
		rows[livePods] = failed("", "the API server of %s does not take pods for the moment: %v", m.api.node.Name, err)
		return rows
	}
	t.await(ctx)
	_ = remote.ForEach(ctx, nodes, max(m.Spec.SSH.Parallel, 1), func(ctx context.Context, n cluster.Node) error {
		t.on(ctx, n)
		return nil
	})
	return t.rows
}

func (t *trial) unknownAll(rows []Row) map[string][]Row {
	for _, name := range podChecks {
		t.rows[name] = rows
	}
	return t.rows
}

// start makes a namespace, and in it the pods and the Service.
func (t *trial) start(ctx context.Context) error {
	pods, err := manifests.MomentPods(t.Spec, t.name)
	if err != nil {
		return err
	}
	if _, err := t.api.CoreV1().Namespaces().Create(ctx, manifests.MomentNamespace(t.name, t.By), meta.CreateOptions{}); err != nil {
		return err
	}
	if _, err = t.api.CoreV1().ServiceAccounts(t.name).Create(ctx, manifests.MomentAccount(t.name), meta.CreateOptions{}); err != nil {
		return err
	}
	if _, err = t.api.AppsV1().DaemonSets(t.name).Create(ctx, pods, meta.CreateOptions{}); err != nil {
		return err
	}
	t.service, err = t.api.CoreV1().Services(t.name).Create(ctx, manifests.MomentService(t.name), meta.CreateOptions{})
	return err
}

// end takes the namespace off with everything in it; Kubernetes finishes that by itself, once every aggregated API answers.
func (t *trial) end(ctx context.Context) {
	ctx, cancel := sweeping(ctx)
	defer cancel()
	err := t.api.CoreV1().Namespaces().Delete(ctx, t.name, meta.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		t.rows[livePods] = append(t.rows[livePods], warning("kubectl delete namespace "+t.name, "the namespace %s could not be taken off again: %v", t.name, err)...)
	}
}

// await waits for a pod to run on every node that is ready, and says of each what became of it.
func (t *trial) await(ctx context.Context) {
	end := time.Now().Add(podsWithin)
	var seen map[string]core.Pod
	for {
		list, err := t.api.CoreV1().Pods(t.name).List(ctx, meta.ListOptions{})
		if err == nil {
			seen, t.pods = map[string]core.Pod{}, map[string]core.Pod{}
			for _, p := range list.Items {
				seen[nodeOf(p)] = p
				if p.Status.Phase == core.PodRunning && p.Status.PodIP != "" {
					t.pods[nodeOf(p)] = p
				}
			}
		}
		if len(t.missing()) == 0 || time.Now().After(end) || ctx.Err() != nil {
			break
		}
		select {
		case <-ctx.Done():
		case <-time.After(podsEvery):
		}
	}
	for _, n := range t.ready {
		if p, runs := t.pods[n.Name]; runs {
			t.add(livePods, n.Name, ok("runs, at %s", p.Status.PodIP))
			continue
		}
		p, made := seen[n.Name]
		t.add(livePods, n.Name, t.stuck(ctx, n, p, made))
	}
}

func (t *trial) missing() []cluster.Node {
	return slices.DeleteFunc(slices.Clone(t.ready), func(n cluster.Node) bool { return t.pods[n.Name].Name != "" })
}

// nodeOf is where a pod of a DaemonSet belongs, also before the scheduler has put it there: its affinity says so.
func nodeOf(p core.Pod) string {
	if p.Spec.NodeName != "" || p.Spec.Affinity == nil || p.Spec.Affinity.NodeAffinity == nil || p.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution == nil {
		return p.Spec.NodeName
	}
	for _, term := range p.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms {
		for _, f := range term.MatchFields {
			if f.Key == meta.ObjectNameField && len(f.Values) == 1 {
				return f.Values[0]
			}
		}
	}
	return ""
}

// stuck is why a pod does not run on a node, as far as anybody says.
func (t *trial) stuck(ctx context.Context, n cluster.Node, p core.Pod, made bool) []Row {
	switch {
	case !made:
		return failed("on the master that leads: journalctl -u kube-controller-manager -n 50", "within %s the controller-manager made no pod for %s", podsWithin, n.Name)
	case p.Spec.NodeName == "":
		return failed("on the master that leads: journalctl -u kube-scheduler -n 50", "within %s the scheduler gave the pod for %s no node: %s", podsWithin, n.Name, waiting(p))
	}
	why := waiting(p)
	events, err := t.api.CoreV1().Events(t.name).List(ctx, meta.ListOptions{FieldSelector: "type=Warning,involvedObject.name=" + p.Name})
	if err == nil && len(events.Items) > 0 {
		why = strings.TrimPrefix(why+": "+events.Items[len(events.Items)-1].Message, ": ")
	}
	return failed("ssh "+n.Name+" journalctl -u kubelet -u containerd -n 50", "its pod does not run within %s: %s", podsWithin, why)
}

// on tries everything with the pod of one node.
func (t *trial) on(ctx context.Context, n cluster.Node) {
	pod, runs := t.pods[n.Name]
	if !runs {
		for _, name := range podChecks[1:] {
			t.add(name, n.Name, unknown("see `"+livePods+"`", "no pod runs on it"))
		}
		return
	}
	var under sync.WaitGroup
	under.Go(func() { t.add(liveLogs, n.Name, t.logs(ctx, pod)) })
	under.Go(func() { t.add(liveNodePort, n.Name, t.nodePort(ctx, n)) })
	under.Go(func() { t.probe(ctx, n, pod) })
	under.Wait()
}

// logs asks every API server for the pod's log.
func (t *trial) logs(ctx context.Context, pod core.Pod) []Row {
	found := make([][]Row, len(t.Verification.api))
	_ = remote.ForEach(ctx, indices(found), len(found), func(ctx context.Context, i int) error {
		a := t.Verification.api[i]
		if _, err := a.CoreV1().Pods(t.name).GetLogs(pod.Name, &core.PodLogOptions{}).DoRaw(ctx); err != nil {
			found[i] = failed("hardway apply manifests, which lets API servers ask kubelets; see `"+liveKubelet+"`", "the API server of %s gives no log of a pod on it: %v", a.node.Name, err)
		}
		return nil
	})
	return orOK(slices.Concat(found...), "given by %s", count(len(found), "API server"))
}

// nodePort asks from the node itself: who else may is for firewalls to say.
func (t *trial) nodePort(ctx context.Context, n cluster.Node) []Row {
	port := int(t.service.Spec.Ports[0].NodePort)
	target := net.JoinHostPort(n.PrimaryAddress(), strconv.Itoa(port))
	if err := t.answers(ctx, t.hosts[n.Name].Conn.Dial, target, "node-port.hardway.", netip.Addr{}); err != nil {
		return failed("ssh "+n.Name+" journalctl -u kube-proxy -n 50", "does not answer for a Service at %s: %v", target, err)
	}
	return ok("answers at %s", target)
}

// answers asks until there is an answer, with this address in it if one is given, or time is up.
func (t *trial) answers(ctx context.Context, dial manifests.DialFunc, server, name string, want netip.Addr) error {
	end := time.Now().Add(settleWithin)
	if t.until.After(end) && !t.broken() {
		end = t.until
	}
	for {
		found, err := query(ctx, dial, server, name, want.Is6())
		if err == nil && want.IsValid() && !slices.Contains(found, want) {
			err = fmt.Errorf("the answer is %v, expected %s", found, want)
		}
		if err == nil || ctx.Err() != nil || !time.Now().Before(end) {
			return err
		}
		select {
		case <-ctx.Done():
		case <-time.After(podsEvery):
		}
	}
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
