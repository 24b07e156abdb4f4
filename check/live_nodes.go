package check

import (
	"context"
	"fmt"
	"slices"
	"strings"

	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"hardway/cluster"
	"hardway/worker"
)

// nodesAgree compares the Nodes with the spec, and remembers on which of them pods can run.
func nodesAgree(ctx context.Context, v *Verification, a *api) []Row {
	list, err := a.CoreV1().Nodes().List(ctx, meta.ListOptions{})
	if err != nil {
		return unanswered(a, err)
	}
	v.ready = nil
	for _, n := range v.Spec.Kubelets() {
		// The API takes a kubelet that has gone for ready for a while.
		well := v.hosts[n.Name].Conn != nil && v.well(liveKubelet, n.Name) && v.well(liveHostname, n.Name)
		if i := slices.IndexFunc(list.Items, func(o core.Node) bool { return o.Name == n.Name }); well && i >= 0 && notReady(list.Items[i]) == "" {
			v.ready = append(v.ready, n)
		}
	}
	return judgeNodes(v.Spec, list.Items)
}

func judgeNodes(spec *cluster.Spec, nodes []core.Node) []Row {
	var rows []Row
	for _, want := range spec.Kubelets() {
		i := slices.IndexFunc(nodes, func(n core.Node) bool { return n.Name == want.Name })
		if i < 0 {
			rows = append(rows, at(want.Name, failed("hardway apply manifests && hardway apply worker", "there is no Node %s", want.Name))...)
			continue
		}
		rows = append(rows, at(want.Name, judgeNode(spec, want, nodes[i]))...)
	}
	for _, n := range nodes {
		if !slices.ContainsFunc(spec.Kubelets(), func(k cluster.Node) bool { return k.Name == n.Name }) {
			rows = append(rows, failed("kubectl delete node "+n.Name+", once no kubelet calls itself that; or add the host to cluster.yaml",
				"there is a Node %s (%s), and the spec has no kubelet of that name", n.Name, strings.Join(addresses(n), ", "))...)
		}
	}
	return rows
}

// judgeNode is everything in which a Node is not what the spec says; of one that is not ready, that alone.
func judgeNode(spec *cluster.Spec, want cluster.Node, n core.Node) []Row {
	if why := notReady(n); why != "" {
		return failed(fmt.Sprintf("ssh %s journalctl -u %s -n 50", want.Name, worker.KubeletUnit), "%s", why)
	}
	var rows []Row
	differs := func(try, what string, is, should []string) {
		if !slices.Equal(is, should) {
			rows = append(rows, failed(try, "%s is %s, expected %s", what, orNone(is), strings.Join(should, ", "))...)
		}
	}
	differs("hardway render worker && hardway apply worker", "its version", []string{n.Status.NodeInfo.KubeletVersion}, []string{spec.Kubernetes.Version})
	differs("hardway render worker && hardway apply worker; the kubelet's --node-ip says it", "its internal address", addresses(n), want.Address)
	differs(fmt.Sprintf("a Node never gets another: write podCIDR: %v to that host in cluster.yaml, and render and apply all", n.Spec.PodCIDRs),
		"its pod network", n.Spec.PodCIDRs, spec.PodCIDRs(want))
	return orOK(rows, "ready, %s, pods in %s", n.Status.NodeInfo.KubeletVersion, strings.Join(n.Spec.PodCIDRs, ", "))
}

func notReady(n core.Node) string {
	for _, c := range n.Status.Conditions {
		switch {
		case c.Type != core.NodeReady:
		case c.Status == core.ConditionTrue:
			return ""
		default:
			return fmt.Sprintf("its Node is not ready: %s: %s", c.Reason, c.Message)
		}
	}
	return "its kubelet has not told the API of its state"
}

func addresses(n core.Node) []string {
	var out []string
	for _, a := range n.Status.Addresses {
		if a.Type == core.NodeInternalIP {
			out = append(out, a.Address)
		}
	}
	return out
}

func orNone(words []string) string {
	if len(words) == 0 {
		return "none"
	}
	return strings.Join(words, ", ")
}
