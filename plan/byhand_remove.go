package plan

import (
	"hardway/cluster"
	"hardway/etcd"
)

// removeByHand is for the host that is named, with the last host of the spec that runs pods and the last master as examples.
func removeByHand(spec *cluster.Spec) []Command {
	var commands []Command
	kubectl := "kubectl --kubeconfig=kubeconfig/super-admin.kubeconfig "
	if nodes := spec.Kubelets(); len(nodes) > 0 {
		n := nodes[len(nodes)-1]
		commands = append(commands,
			Command{Says: n.Name + ": gets no new pods, and loses its own as disruption budgets allow", Line: kubectl + "drain " + n.Name + " --ignore-daemonsets"},
			handOn(spec, n).on("no kubelet makes the Node anew", "systemctl disable --now kubelet"),
			Command{Says: "what others know of it", Line: kubectl + "delete node " + n.Name})
		commands = append(commands, leaveByHandOf(spec, n)...)
	}
	if masters := spec.With(cluster.RoleEtcd); len(masters) > 1 {
		n, through := masters[len(masters)-1], masters[0]
		commands = append(commands, drainByHand(spec, n, drainLine(n), "away with new connections, open ones stay")...)
		commands = append(commands, leaveByHand(spec, n)...)
		commands = append(commands,
			Command{Says: "every line healthy: no member leaves while another is not well", Line: etcdctl(spec, "endpoint health")},
			handOn(spec, n).on("what needs its member stops first", "systemctl stop kube-scheduler kube-controller-manager kube-apiserver"),
			Command{Says: n.Name + ": the member leaves, by its ID", Line: lines(
				"old=$("+etcdctlOn(through, "member list")+" | awk -F', ' '$3 == \""+n.Name+"\" {print $1}')",
				"[ -z \"$old\" ] || "+etcdctlOn(through, "member remove \"$old\""))},
			handOn(spec, n).on("and stops", "systemctl disable --now "+etcd.Unit))
		commands = append(commands, leaveByHandOf(spec, n)...)
	}
	return append(commands, Command{Says: "then take it out of cluster.yaml, and have the others forget it", Line: "hardway up"})
}
