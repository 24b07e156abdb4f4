package plan

import (
	"fmt"
	"net"
	"path"
	"slices"
	"strconv"
	"strings"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/controlplane"
	"hardway/haproxy"
	"hardway/pki"
)

// applyAllByHand is one after the other.
func applyAllByHand(spec *cluster.Spec) []Command {
	return slices.Concat(applyEtcdByHand(spec), applyControlplaneByHand(spec), applyHaproxyByHand(spec), applyWorkerByHand(spec))
}

// applyControlplaneByHand takes one master after the other through its turn, whether its API server runs or not.
func applyControlplaneByHand(spec *cluster.Spec) []Command {
	masters := spec.With(cluster.RoleControlPlane)
	return perNode(masters, func(n cluster.Node) []Command {
		h := handOn(spec, n)
		var commands []Command
		if len(masters) > 1 {
			commands = append(commands, drainByHand(spec, n, drainLine(n), "away with new connections, open ones stay")...)
			commands = append(commands, leaveByHand(spec, n)...)
		}
		units := []string{controlplane.APIServerUnit, controlplane.ControllerManagerUnit, controlplane.SchedulerUnit}
		commands = append(commands,
			h.on("distribute has been here, and there is something to start", "test -e "+artifact.UnitDir+"/"+units[0]+" && test -x "+controlplane.Programs()[0]),
			h.on("it says goodbye to its clients, which takes some seconds", "systemctl daemon-reload && systemctl enable "+strings.Join(units, " ")+" && systemctl stop "+units[0]),
			h.on("started, it says to systemd when it serves", "systemctl start "+units[0]),
			readyByHand(spec, h, n),
			h.on("what speaks with it only", "systemctl restart "+strings.Join(units[1:], " ")))
		if len(masters) > 1 {
			commands = append(commands, drainByHand(spec, n, undrainLine(n), "gets clients again")...)
		}
		return commands
	})
}

func drainLine(n cluster.Node) string {
	server := haproxy.Backend + "/" + n.Name
	return "disable health " + server + "; set server " + server + " state drain"
}

func undrainLine(n cluster.Node) string {
	server := haproxy.Backend + "/" + n.Name
	return "enable health " + server + "; set server " + server + " state ready"
}

// drainByHand speaks with the runtime socket of every balancer where HAProxy runs.
func drainByHand(spec *cluster.Spec, n cluster.Node, line, says string) []Command {
	return onBalancers(spec, n.Name+": "+says, "echo "+quote(line)+" | socat - UNIX-CONNECT:"+haproxy.Socket)
}

// leaveByHand waits for clients of a drained server; the fifth column of HAProxy's statistics is how many it has.
func leaveByHand(spec *cluster.Spec, n cluster.Node) []Command {
	count := fmt.Sprintf(`echo show stat | socat - UNIX-CONNECT:%s | awk -F, '$1 == "%s" && $2 == "%s" {print $5}'`, haproxy.Socket, haproxy.Backend, n.Name)
	return onBalancers(spec, n.Name+": its clients leave, but for those who only watch",
		fmt.Sprintf(`for _ in $(seq %d); do [ "$(%s)" = 0 ] && break; sleep 1; done`, int(haproxy.LeaveTime.Seconds()), count))
}

func onBalancers(spec *cluster.Spec, says, line string) []Command {
	return perNode(spec.With(cluster.RoleLoadBalancer), func(balancer cluster.Node) []Command {
		return []Command{handOn(spec, balancer).on(says, lines("if systemctl is-active -q "+haproxy.Unit+"; then", "  "+line, "fi"))}
	})
}

// readyByHand asks the API server from its own host, and gives up when a gate would.
func readyByHand(spec *cluster.Spec, h hand, n cluster.Node) Command {
	url := "https://" + net.JoinHostPort(n.PrimaryAddress(), strconv.Itoa(cluster.APIServerPort)) + "/readyz"
	return h.on("until it is ready", fmt.Sprintf("curl -sf --retry %d --retry-delay 1 --retry-all-errors -o /dev/null --cacert %s %s",
		int(spec.Rollout.GateTimeout.Seconds()), path.Join(pki.KubernetesDir, pki.KubernetesBundle), url))
}

// applyHaproxyByHand goes through the balancers one at a time: the next one only where this one serves.
func applyHaproxyByHand(spec *cluster.Spec) []Command {
	return perNode(spec.With(cluster.RoleLoadBalancer), func(n cluster.Node) []Command {
		h := handOn(spec, n)
		commands := []Command{
			h.on("what it could not read would keep it from starting", "haproxy -c -q -f "+haproxy.ConfigPath),
			h.on("it reads everything again and loses no connection; the first time it has to start anew, on its own settings", reloadOrRestart(haproxy.Unit)),
			h.on("it finds every API server up: state 2 in the sixth column", lines(
				"for server in "+strings.Join(nodeNames(spec.With(cluster.RoleControlPlane)), " ")+"; do",
				"  echo 'show servers state "+haproxy.Backend+"' | socat - UNIX-CONNECT:"+haproxy.Socket+" |",
				"    awk -v server=$server '$4 == server && $6 == 2 { up = 1 } END { exit !up }'",
				"done")),
		}
		if haproxy.Shares(spec, n) {
			commands = append(commands,
				h.on("keepalived, whose unit proves its configuration first; who holds the shared address keeps it, but for a restart: take that one last",
					reloadOrRestart(haproxy.SharedUnit)),
				h.on("one of the balancers holds the shared address", "for _ in $(seq 10); do ping -c 1 -W 1 "+spec.LoadBalancer.VirtualIP+" >/dev/null && exit; done; exit 1"))
		}
		return commands
	})
}

// reloadOrRestart has a unit read what stands there; where it runs on other inputs it has to start anew.
func reloadOrRestart(unit string) string {
	return lines(
		"systemctl daemon-reload && systemctl enable "+unit,
		"inputs=$(systemctl show -p Environment --value "+unit+" | tr ' ' '\\n' | grep '^"+artifact.InputsVariable+"=')",
		"if systemctl is-active -q "+unit+" && tr '\\0' '\\n' </proc/$(systemctl show -p MainPID --value "+unit+")/environ | grep -qx \"$inputs\"; then",
		"  systemctl reload "+unit,
		"else",
		"  systemctl restart "+unit,
		"fi")
}
