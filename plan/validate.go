package plan

import (
	"context"
	"fmt"
	"strings"

	"hardway/cluster"
)

func (e *Env) validate() Step {
	return Step{
		Path:    []string{"validate"},
		Summary: "check the spec, offline",
		Why:     "Everything else is derived from cluster.yaml. A mistake costs least here, so all of them are told at once.",
		Check:   true, Offline: true, ByHand: validateByHand,
		Plan: func(context.Context) (Action, error) {
			// Reading the spec has validated it; what is left is to show how it was understood.
			return Action{Report: describe(e.Spec)}, nil
		},
	}
}

func describe(spec *cluster.Spec) Report {
	r := Report{Table: Table{Header: []string{"HOST", "ADDRESS", "ROLES"}}}
	for _, n := range spec.Hosts {
		roles := make([]string, len(n.Roles))
		for i, role := range n.Roles {
			roles[i] = string(role)
		}
		r.Table.Rows = append(r.Table.Rows, []string{n.Name, strings.Join(n.Address, ", "), strings.Join(roles, ", ")})
		r.Items = append(r.Items, n)
	}
	r.Notes = []string{fmt.Sprintf("%s: valid. Kubernetes %s, etcd %s, endpoint %s", spec.Name,
		spec.Kubernetes.Version, spec.Etcd.Version, spec.EndpointURL())}
	if spec.Addons.StrictARP && spec.Worker.KubeProxyMode != "ipvs" {
		r.Notes = append(r.Notes, "spec.addons.strictARP has no effect with kubeProxyMode "+spec.Worker.KubeProxyMode+
			": only with ipvs Services' addresses are on an interface of every node, which then answers ARP for them; MetalLB needs nothing here")
	}
	return r
}
