package check

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strconv"

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
		rows = append(rows, addonRuns(ctx, a, name)...)
	}
	return rows
}

func addonRuns(ctx context.Context, a *api, name string) []Row {
	d, err := a.AppsV1().Deployments(meta.NamespaceSystem).Get(ctx, name, meta.GetOptions{})
	switch {
	case apierrors.IsNotFound(err):
		return failed("hardway apply manifests", "there is no Deployment %s", name)
	case err != nil:
		return unanswered(a, err)
	case d.Status.AvailableReplicas >= *d.Spec.Replicas:
		return ok("%s: %d of %d pods run", name, d.Status.AvailableReplicas, *d.Spec.Replicas)
	}
	pods, err := a.CoreV1().Pods(meta.NamespaceSystem).List(ctx, meta.ListOptions{LabelSelector: meta.FormatLabelSelector(d.Spec.Selector)})
	if err != nil {
		return unanswered(a, err)
	}
	return failed(fmt.Sprintf("kubectl -n kube-system describe pods -l %s", meta.FormatLabelSelector(d.Spec.Selector)),
		"%s: %d of %d pods are ready%s", name, d.Status.AvailableReplicas, *d.Spec.Replicas, firstWaiting(pods.Items))
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
		if c.Type == apiregistration.Available && c.Status != apiregistration.ConditionTrue {
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
