package plan

import (
	"strings"

	"hardway/cluster"
	"hardway/haproxy"
	"hardway/remote"
	"hardway/rollout"
	"hardway/worker"
)

// resetByHand goes through the hosts in the order in which reset does. What to take off and what to bring back is read from
// the records on the host, with jq.
func resetByHand(spec *cluster.Spec) []Command {
	var commands []Command
	for _, n := range inLeavingOrder(spec) {
		commands = append(commands, leaveByHandOf(spec, n)...)
	}
	return commands
}

// inLeavingOrder is workers, balancers, masters.
func inLeavingOrder(spec *cluster.Spec) []cluster.Node {
	groups := make([][]cluster.Node, leavingTurns)
	for _, n := range spec.Hosts {
		groups[leavingTurn(n)] = append(groups[leavingTurn(n)], n)
	}
	var out []cluster.Node
	for _, g := range groups {
		out = append(out, g...)
	}
	return out
}

func leaveByHandOf(spec *cluster.Spec, n cluster.Node) []Command {
	const original, manifest = rollout.OriginalDir, rollout.DeliveredPath
	h := handOn(spec, n)
	stop := func(units ...string) string {
		return "systemctl stop " + strings.Join(units, " ") + " 2>/dev/null || true"
	}
	var commands []Command
	on := func(says, line string) { commands = append(commands, h.on(says, line)) }
	if spec.RunsKubelet(&n) {
		on("nobody starts pods again", stop(worker.KubeletUnit))
		on("pods end, and their networks with them (crictl is of cri-tools)", "crictl --runtime-endpoint unix:///run/containerd/containerd.sock rmp --force --all")
		on("the rules of Services go with the program that made them", stop(worker.KubeProxyUnit)+"; "+remote.KubeProxy+" --cleanup")
		on("volumes of pods", `awk '$2 ~ "^`+worker.KubeletDir+`/" {print $2}' /proc/self/mounts | sort -r | xargs -r umount`)
		on("the pods' network", "ip link delete "+worker.BridgeDevice+" 2>/dev/null || true")
	}
	on("what hardway runs stops, etcd last", stop("kube-scheduler", "kube-controller-manager", "kube-apiserver", worker.RoutesUnit)+"; "+stop("etcd"))
	on("what was delivered goes, and what stood there before comes back", lines(
		`jq -r '.files | keys[]' `+manifest+` | xargs -r -d '\n' rm -f --`,
		`jq -r '.files[] | select(.file) | [.file, .mode, .owner, .path] | @tsv' `+original+`/record.json | while IFS=$(printf '\t') read -r file mode owner path; do`,
		`  cp `+original+`/"$file" "$path" && chown "$owner" "$path" && chmod "$mode" "$path" || exit 1`,
		"done",
		"systemctl daemon-reload"))
	switch {
	case n.Has(cluster.RoleLoadBalancer):
		on("the distribution's unit runs on its own configuration again", "systemctl try-restart "+haproxy.Unit)
	case spec.RunsKubelet(&n):
		on("the distribution's unit runs on its own configuration again", "systemctl try-restart "+worker.ContainerdUnit)
	}
	on("data, users and directories that came with it, the deepest first; what is not empty stays", lines(
		`jq -r '.files[] | select(.data and (.held | not)) | .path' `+original+`/record.json | xargs -r -d '\n' -I{} find {} -xdev -mindepth 1 -delete`,
		`jq -r '.owners[]?' `+original+`/record.json | cut -d: -f1 | xargs -r -n 1 userdel`,
		`jq -r '.files[] | select(.dir and .absent) | .path' `+original+`/record.json | sort -r | xargs -r -d '\n' rmdir --ignore-fail-on-non-empty 2>/dev/null || true`))
	on("and last what hardway knew about this host", "rm -rf /var/lib/hardway")
	return commands
}
