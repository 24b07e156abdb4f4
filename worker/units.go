package worker

import (
	"hardway/artifact"
	"hardway/binaries"
	"hardway/cluster"
)

const network = "network-online.target"

// services is the units of a node, in the order in which they start; containerd has a drop-in besides.
func services(spec *cluster.Spec, node cluster.Node) []artifact.Service {
	var out []artifact.Service
	if routed(spec, node) {
		out = append(out, routesService())
	}
	if spec.RunsKubelet(&node) {
		out = append(out, kubeletService(spec, node), kubeProxyService(spec))
	}
	return out
}

func routesService() artifact.Service {
	return artifact.Service{
		Name: RoutesUnit, Description: "Routes to the pods of other nodes, and masquerading of what leaves the pod network",
		After: []string{network}, Wants: []string{network},
		Binary: keeperPath,
		Options: append([]artifact.Option{
			{Name: "ExecReload", Value: "/bin/kill -HUP $MAINPID"},
			// Told alone, it takes off what it keeps before it goes.
			{Name: "KillMode", Value: "mixed"},
		}, kept()...),
	}
}

func kubeletService(spec *cluster.Spec, node cluster.Node) artifact.Service {
	after := []string{network, ContainerdUnit}
	if routed(spec, node) {
		after = append(after, RoutesUnit)
	}
	return artifact.Service{
		Name: KubeletUnit, Description: "Kubernetes kubelet", Documentation: reference("kubelet"),
		After: after, Wants: []string{network, ContainerdUnit},
		Binary: binaries.Path("kubelet"), Version: spec.Kubernetes.Version, Flags: kubeletFlags(spec, node),
		Options: append([]artifact.Option{{Name: "ExecStartPre", Value: linkResolver}}, kept()...),
	}
}

// linkResolver chooses the resolv.conf that pods get. Where systemd-resolved listens on the host's loopback, no pod could
// ask it there; it keeps a file with the nameservers that it asks itself.
const linkResolver = `/bin/sh -c 'mkdir -p /run/hardway; f=/run/systemd/resolve/resolv.conf; ` +
	`grep -qs "^nameserver 127.0.0.53" /etc/resolv.conf && test -e $$f || f=/etc/resolv.conf; ln -sfn $$f ` + resolverPath + `'`

func kubeProxyService(spec *cluster.Spec) artifact.Service {
	return artifact.Service{
		Name: KubeProxyUnit, Description: "Kubernetes kube-proxy", Documentation: reference("kube-proxy"),
		After: []string{network}, Wants: []string{network},
		Binary: binaries.Path("kube-proxy"), Version: spec.Kubernetes.Version, Flags: kubeProxyFlags(),
		Options: kept(),
	}
}

func reference(program string) string {
	return "https://kubernetes.io/docs/reference/command-line-tools-reference/" + program + "/"
}

// kept is what systemd does for each of them.
func kept() []artifact.Option {
	return []artifact.Option{
		{Name: "Restart", Value: "always"},
		// Not so soon that systemd gives up: it does after five starts within ten seconds.
		{Name: "RestartSec", Value: "3"},
		{Name: "LimitNOFILE", Value: "1048576"},
	}
}
