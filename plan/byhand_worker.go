package plan

import (
	"fmt"
	"strings"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/worker"
)

// applyWorkerByHand takes one node after the other, and masters that only reach pods.
func applyWorkerByHand(spec *cluster.Spec) []Command {
	return perNode(spec.Hosts, func(n cluster.Node) []Command {
		if !worker.On(spec, n) {
			return nil
		}
		_, services, err := worker.Outline(spec, n)
		if err != nil {
			return unexplained(n.Name, err)
		}
		h, units := handOn(spec, n), serviceNames(services)
		commands := []Command{h.on("distribute has been here, and there is something to start", "test -e "+artifact.UnitDir+"/"+units[0])}
		if !spec.RunsKubelet(&n) {
			return append(commands, h.on("it reaches pods, and runs none", "systemctl daemon-reload && systemctl enable "+units[0]+" && systemctl restart "+units[0]))
		}
		units = append([]string{worker.ContainerdUnit}, units...)
		return append(commands,
			h.on("each after what it needs; containers go on running meanwhile",
				"systemctl daemon-reload && systemctl enable "+strings.Join(units, " ")+" && systemctl restart "+strings.Join(units, " ")),
			h.on("until both are well", lines(perHealth(spec, n)...)),
			Command{Says: n.Name + ": until the API knows it as ready", Line: fmt.Sprintf(
				"kubectl --kubeconfig=kubeconfig/super-admin.kubeconfig wait --for=condition=Ready --timeout=%s node/%s", spec.Rollout.GateTimeout, n.Name)})
	})
}

func serviceNames(services []artifact.Service) []string {
	var names []string
	for _, s := range services {
		names = append(names, s.Name)
	}
	return names
}

func perHealth(spec *cluster.Spec, n cluster.Node) []string {
	var out []string
	for _, health := range worker.Local(n) {
		out = append(out, fmt.Sprintf("curl -sf --retry %d --retry-delay 1 --retry-all-errors -o /dev/null %s", int(spec.Rollout.GateTimeout.Seconds()), health.URL))
	}
	return out
}
