package check

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strconv"
	"time"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"

	"hardway/manifests"
	"hardway/remote"
)

// addonsRun: each Deployment that hardway applies has its replicas.
func addonsRun(ctx context.Context, v *Verification, a *api) []Row {
	var rows []Row
	for _, name := range manifests.Deployments(v.Spec) {
		d, err := a.AppsV1().Deployments(meta.NamespaceSystem).Get(ctx, name, meta.GetOptions{})
		if apierrors.IsNotFound(err) {
			rows = append(rows, failed("hardway apply manifests", "there is no Deployment %s", name)...)
			continue
		}
		if err != nil {
			return unanswered(a, err)
		}
		pods, err := a.CoreV1().Pods(d.Namespace).List(ctx, meta.ListOptions{LabelSelector: meta.FormatLabelSelector(d.Spec.Selector)})
		if err != nil {
			return unanswered(a, err)
		}
		rows = append(rows, judgeAddon(d, pods.Items, v.Now())...)
	}
	return rows
}

// startsWithin is how long a pod may take from its start until it is ready: metrics-server is when it has asked every kubelet
// twice, 15 s apart. Nobody is made to wait for that.
const startsWithin = time.Minute

func judgeAddon(d *apps.Deployment, pods []core.Pod, now time.Time) []Row {
	ready, wanted := d.Status.AvailableReplicas, int32(1)
	if d.Spec.Replicas != nil {
		wanted = *d.Spec.Replicas
	}
	selector := meta.FormatLabelSelector(d.Spec.Selector)
	switch {
	case ready >= wanted:
		return ok("%s: %d of %d pods run", d.Name, ready, wanted)
	case len(pods) >= int(wanted) && !slices.ContainsFunc(pods, func(p core.Pod) bool { return !starts(p, now) }):
		return of(kindStarts, warning("hardway verify, in half a minute", "%s: %d of %d pods are ready; the others have just been started", d.Name, ready, wanted))
	}
	return failed("kubectl -n "+d.Namespace+" describe pods -l "+selector, "%s: %d of %d pods are ready%s", d.Name, ready, wanted, firstWaiting(pods))
}

// starts reports whether a pod is ready, or runs for less than it may take to be.
func starts(p core.Pod, now time.Time) bool {
	for _, c := range p.Status.ContainerStatuses {
		if !c.Ready && (c.State.Running == nil || c.RestartCount > 0 || now.Sub(c.State.Running.StartedAt.Time) > startsWithin) {
			return false
		}
	}
	return len(p.Status.ContainerStatuses) > 0
}

// firstWaiting is why the first pod that is not ready is not.
func firstWaiting(pods []core.Pod) string {
	for _, p := range pods {
		if why := waiting(p); why != "" {
			return ": " + why
		}
	}
	return ""
}

// waiting is why a pod does not run; empty for one that does, or does not say.
func waiting(p core.Pod) string {
	for _, c := range p.Status.ContainerStatuses {
		if w := c.State.Waiting; w != nil && w.Message != "" {
			return w.Reason + ": " + w.Message
		} else if w != nil {
			return w.Reason
		}
	}
	for _, c := range p.Status.Conditions {
		if c.Type == core.PodScheduled && c.Status == core.ConditionFalse {
			return c.Reason + ": " + c.Message
		}
	}
	for _, c := range p.Status.Conditions {
		if c.Type == core.PodReady && c.Status == core.ConditionFalse && c.Message != "" {
			return c.Message
		}
	}
	return ""
}

// aggregated: APIs that others serve are available, and each API server gets an answer from them, on its own way and with its
// own client certificate.
func aggregated(ctx context.Context, v *Verification, a *api) []Row {
	var list apiregistration.APIServiceList
	data, err := a.RESTClient().Get().AbsPath("/apis/apiregistration.k8s.io/v1/apiservices").DoRaw(ctx)
	if err == nil {
		err = json.Unmarshal(data, &list)
	}
	if err != nil {
		return unanswered(a, err)
	}
	var rows []Row
	for _, s := range list.Items {
		if s.Spec.Service != nil {
			rows = append(rows, v.aggregates(ctx, s)...)
		}
	}
	return rows
}

func (v *Verification) aggregates(ctx context.Context, s apiregistration.APIService) []Row {
	try := fmt.Sprintf("kubectl describe apiservice %s; kubectl -n %s get pods,endpointslices", s.Name, s.Spec.Service.Namespace)
	for _, c := range s.Status.Conditions {
		unavailable := c.Type == apiregistration.Available && c.Status != apiregistration.ConditionTrue
		if unavailable && slices.ContainsFunc(v.rows[liveAddons], func(r Row) bool { return r.kind == kindStarts }) {
			return unknown("see `"+liveAddons+"`", "%s is not available yet: %s: %s", s.Name, c.Reason, c.Message)
		}
		if unavailable {
			return failed(try, "%s is not available: %s: %s", s.Name, c.Reason, c.Message)
		}
	}
	found := make([][]Row, len(v.api))
	_ = remote.ForEach(ctx, indices(v.api), len(v.api), func(ctx context.Context, i int) error {
		a := v.api[i]
		if _, err := a.RESTClient().Get().AbsPath("/apis/" + s.Spec.Group + "/" + s.Spec.Version).DoRaw(ctx); err != nil {
			found[i] = at(a.node.Name, failed(try+"; is there a way from the master to the pod network?", "its API server gets no answer for %s: %v", s.Name, err))
		}
		return nil
	})
	if rows := slices.Concat(found...); len(rows) > 0 {
		return rows
	}
	return v.servesAggregated(ctx, s)
}

// metricsLeaf is the certificate of the one that hardway issues for.
const metricsLeaf = "metrics-server"

// servesAggregated looks at the certificate of whoever serves, from every master, as its API server does.
func (v *Verification) servesAggregated(ctx context.Context, s apiregistration.APIService) []Row {
	leaf, known := v.leaves[metricsLeaf]
	if !known || s.Spec.Service.Namespace != leaf.Secret.Namespace || s.Spec.Service.Name != metricsLeaf {
		return ok("%s", s.Name)
	}
	list, err := v.api[0].DiscoveryV1().EndpointSlices(s.Spec.Service.Namespace).List(ctx, meta.ListOptions{LabelSelector: discovery.LabelServiceName + "=" + s.Spec.Service.Name})
	if err != nil {
		return unanswered(v.api[0], err)
	}
	serving := served{leaves: []string{metricsLeaf}}
	for _, slice := range list.Items {
		for _, endpoint := range slice.Endpoints {
			for _, port := range slice.Ports {
				for _, a := range v.api {
					serving.routes = append(serving.routes, route{
						from: a.node.Name, address: net.JoinHostPort(endpoint.Addresses[0], strconv.Itoa(int(*port.Port))),
						name: fmt.Sprintf("%s.%s.svc", s.Spec.Service.Name, s.Spec.Service.Namespace),
					})
				}
			}
		}
	}
	rows := v.judge(ctx, serving, v.see(ctx, serving))
	for i := range rows {
		rows[i].Seen = s.Name + ": " + rows[i].Seen
	}
	return rows
}
