package plan

import (
	"context"
	"fmt"
	"strings"

	"sigs.k8s.io/yaml"

	"hardway/cluster"
	"hardway/manifests"
)

// Monitoring prints a values file.
func Monitoring(e *Env) Step {
	return Step{
		Path: []string{"monitoring"}, Summary: "print a values file for kube-prometheus-stack that scrapes this cluster", Check: true, Offline: true,
		Why: "The chart looks for etcd, kube-scheduler, kube-controller-manager and kube-proxy in pods, where they are not: here they run as " +
			"services of the hosts, and their metrics listen on loopback. With these values it asks the proxies of spec.addons.monitoring, " +
			"which let only those read who may, and whose certificate it verifies.",
		ByHand: monitoringByHand,
		Plan: func(context.Context) (Action, error) {
			text, err := valuesFile(e.Spec)
			if err != nil {
				return Action{}, err
			}
			return Action{Report: Report{Items: []any{manifests.ValuesFor(e.Spec)}, Notes: strings.Split(strings.TrimSuffix(text, "\n"), "\n")}}, nil
		},
	}
}

// valuesFile is the values with a comment that says what has to stand for them to work.
func valuesFile(spec *cluster.Spec) (string, error) {
	data, err := yaml.Marshal(manifests.ValuesFor(spec))
	if err != nil {
		return "", fmt.Errorf("failed to encode the values: %w", err)
	}
	text := "# Values for the chart kube-prometheus-stack, for the cluster " + spec.Name + ": made by `hardway monitoring` from cluster.yaml.\n"
	if !spec.Addons.Monitoring {
		text += "# Nothing answers there yet: set spec.addons.monitoring to true and run `hardway up`.\n"
	}
	if !manifests.ValuesFor(spec).KubeEtcd.Enabled {
		text += "# Masters of this cluster run no pods, so no proxy reaches what listens on their loopback: etcd, kube-scheduler and\n" +
			"# kube-controller-manager are left out. spec.worker.onMasters: true lets them.\n"
	}
	return text + string(data), nil
}

func monitoringByHand(spec *cluster.Spec) []Command {
	text, err := valuesFile(spec)
	if err != nil {
		return unexplained("the values", err)
	}
	return []Command{
		{Says: "the values", Line: heredoc("cat >values.yaml", text)},
		{Says: "the chart with them", Line: "helm upgrade --install monitoring kube-prometheus-stack --repo https://prometheus-community.github.io/helm-charts --namespace monitoring --create-namespace --values values.yaml"},
	}
}
