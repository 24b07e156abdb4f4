package manifests

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	core "k8s.io/api/core/v1"
	policy "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"

	"hardway/cluster"
)

var (
	podResource  = core.SchemeGroupVersion.WithResource("pods")
	nodeResource = core.SchemeGroupVersion.WithResource("nodes")
)

// Draining is what may be done to pods that a node is to lose, as kubectl drain has it.
type Draining struct {
	// Force evicts pods that nobody makes anew. DeleteData evicts pods whose emptyDir volumes go with them.
	Force, DeleteData bool
	// Timeout bounds the wait for all of them; zero waits for ever.
	Timeout time.Duration
}

// HasNode reports whether there is a Node of this name, and whether its kubelet says that it is ready.
func (c *Client) HasNode(ctx context.Context, name string) (there, ready bool, err error) {
	live, err := c.objects.Resource(nodeResource).Get(ctx, name, meta.GetOptions{})
	if apierrors.IsNotFound(err) {
		return false, false, nil
	}
	var node core.Node
	if err == nil {
		err = runtime.DefaultUnstructuredConverter.FromUnstructured(live.Object, &node)
	}
	if err != nil {
		return false, false, fmt.Errorf("failed to get Node %s: %w", name, err)
	}
	for _, condition := range node.Status.Conditions {
		ready = ready || condition.Type == core.NodeReady && condition.Status == core.ConditionTrue
	}
	return true, ready, nil
}

// PodsToEvict is the pods of a node that drain evicts: not those of DaemonSets, which would be made anew at once, nor those
// of files on the host. A problem is about each that may not go.
func (c *Client) PodsToEvict(ctx context.Context, node string, how Draining) ([]core.Pod, cluster.Problems, error) {
	list, err := c.objects.Resource(podResource).List(ctx, meta.ListOptions{FieldSelector: "spec.nodeName=" + node})
	if err != nil {
		return nil, nil, fmt.Errorf("failed to list the pods of %s: %w", node, err)
	}
	var pods []core.Pod
	var problems cluster.Problems
	for _, item := range list.Items {
		var pod core.Pod
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(item.Object, &pod); err != nil {
			return nil, nil, fmt.Errorf("failed to read pod %s/%s: %w", item.GetNamespace(), item.GetName(), err)
		}
		if stays(pod) {
			continue
		}
		pods = append(pods, pod)
		problems = append(problems, how.objections(node, pod)...)
	}
	return pods, problems, nil
}

func stays(pod core.Pod) bool {
	_, mirror := pod.Annotations[core.MirrorPodAnnotationKey]
	controller := meta.GetControllerOf(&pod)
	return mirror || controller != nil && controller.Kind == "DaemonSet"
}

// objections is what speaks against evicting a pod. One that has ended loses nothing.
func (d Draining) objections(node string, pod core.Pod) cluster.Problems {
	if pod.Status.Phase == core.PodSucceeded || pod.Status.Phase == core.PodFailed {
		return nil
	}
	var problems cluster.Problems
	object := func(message, hint string) {
		problems = append(problems, cluster.Problem{Host: node, Subject: podName(pod), Message: message, Hint: hint})
	}
	if meta.GetControllerOf(&pod) == nil && !d.Force {
		object("belongs to no controller: nobody makes it anew elsewhere", "delete it, or evict it with --force")
	}
	for _, v := range pod.Spec.Volumes {
		if v.EmptyDir != nil && !d.DeleteData {
			object("has data in the emptyDir volume "+v.Name+", which goes with it", "--delete-emptydir-data evicts it all the same")
			break
		}
	}
	return problems
}

func podName(pod core.Pod) string { return "pod " + pod.Namespace + "/" + pod.Name }

// Cordon keeps new pods away from a node.
func (c *Client) Cordon(ctx context.Context, node string) error {
	_, err := c.objects.Resource(nodeResource).Patch(ctx, node, types.MergePatchType, []byte(`{"spec":{"unschedulable":true}}`), meta.PatchOptions{FieldManager: FieldManager})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("failed to cordon Node %s: %w", node, err)
	}
	return nil
}

// How often an eviction that a disruption budget refuses is asked for again, and how often it is looked whether pods are gone.
const (
	evictAgain = 2 * time.Second
	goneLook   = 500 * time.Millisecond
)

// Drain evicts pods from a node and waits until they are gone. It asks again for evictions that would break a disruption
// budget, until others have taken their places or the time is over.
func (c *Client) Drain(ctx context.Context, node string, how Draining) error {
	if how.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, how.Timeout, errDrainTimeout)
		defer cancel()
	}
	refused := map[types.UID]string{}
	asked := map[types.UID]time.Time{}
	for {
		pods, problems, err := c.PodsToEvict(ctx, node, how)
		if err == nil {
			err = problems.OrNil()
		}
		if err != nil || len(pods) == 0 {
			return firstOf(context.Cause(ctx), err)
		}
		for _, pod := range pods {
			if pod.DeletionTimestamp != nil || time.Since(asked[pod.UID]) < evictAgain {
				continue
			}
			asked[pod.UID] = time.Now()
			if err := c.evict(ctx, pod, refused); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return drainEnded(node, context.Cause(ctx), pods, refused)
		case <-time.After(goneLook):
		}
	}
}

var errDrainTimeout = errors.New("the time for draining is over (--timeout)")

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func drainEnded(node string, why error, pods []core.Pod, refused map[types.UID]string) error {
	var left []string
	for _, pod := range pods {
		name := podName(pod)
		if reason := refused[pod.UID]; reason != "" {
			name += " (" + reason + ")"
		}
		left = append(left, name)
	}
	return cluster.Problems{{
		Host: node, Subject: "Node", Message: fmt.Sprintf("was not drained: %v; still there: %s", why, strings.Join(left, ", ")),
		Hint: "the node stays cordoned: run the same command again, or `kubectl uncordon " + node + "`",
	}}
}

// evict asks for one eviction. What a disruption budget says against it is kept.
func (c *Client) evict(ctx context.Context, pod core.Pod, refused map[types.UID]string) error {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&policy.Eviction{
		TypeMeta:      meta.TypeMeta{APIVersion: policy.SchemeGroupVersion.String(), Kind: "Eviction"},
		ObjectMeta:    meta.ObjectMeta{Name: pod.Name, Namespace: pod.Namespace},
		DeleteOptions: &meta.DeleteOptions{Preconditions: &meta.Preconditions{UID: &pod.UID}},
	})
	if err != nil {
		return fmt.Errorf("failed to convert the eviction of %s: %w", podName(pod), err)
	}
	_, err = c.objects.Resource(podResource).Namespace(pod.Namespace).Create(ctx, &unstructured.Unstructured{Object: fields}, meta.CreateOptions{}, "eviction")
	switch {
	case apierrors.IsTooManyRequests(err):
		refused[pod.UID] = err.Error()
		return nil
	case err == nil, apierrors.IsNotFound(err), apierrors.IsConflict(err), ctx.Err() != nil:
		delete(refused, pod.UID)
		return nil //nolint:nilerr // what is not there, or has another's word, is asked again; who waits sees the end of time
	}
	return fmt.Errorf("failed to evict %s: %w", podName(pod), err)
}

// DeleteNode takes a Node off; what still counted as running there goes with it.
func (c *Client) DeleteNode(ctx context.Context, name string) error {
	err := c.objects.Resource(nodeResource).Delete(ctx, name, meta.DeleteOptions{})
	if err != nil && !apierrors.IsNotFound(err) {
		return fmt.Errorf("failed to delete Node %s: %w", name, err)
	}
	return nil
}
