package plan

import (
	"errors"
	"fmt"
	"path"
	"strings"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/kubeconfig"
	"hardway/manifests"
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
		if spec.KubeletsAsk() {
			commands = append(commands, inviteByHand(spec, h))
		}
		commands = append(commands,
			h.on("each after what it needs; containers go on running meanwhile",
				"systemctl daemon-reload && systemctl enable "+strings.Join(units, " ")+" && systemctl restart "+strings.Join(units, " ")),
			h.on("until both are well", lines(perHealth(spec, n)...)),
			Command{Says: n.Name + ": until the API knows it as ready", Line: fmt.Sprintf(
				"kubectl --kubeconfig=kubeconfig/super-admin.kubeconfig wait --for=condition=Ready --timeout=%s node/%s", spec.Rollout.GateTimeout, n.Name)})
		if spec.KubeletsAsk() {
			commands = append(commands, h.here("it has its certificate, and needs the token no more", lines(
				h.run("rm -f "+kubeconfig.BootstrapPath), superKubectl+"--namespace=kube-system delete secret --field-selector=type=bootstrap.kubernetes.io/token")), admitByHand(n))
		}
		return commands
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

const superKubectl = "kubectl --kubeconfig=kubeconfig/super-admin.kubeconfig "

// inviteByHand makes a token and puts it where the kubelet looks for it; it is in no argument of a command on its way.
func inviteByHand(spec *cluster.Spec, h hand) Command {
	const drawn = "TOKEN-ID.TOKEN-SECRET"
	file, err := kubeconfig.WithToken(spec, drawn)
	text, failed := artifact.ReadAll(file.Content)
	if err := errors.Join(err, failed); err != nil {
		return unexplained(h.node.Name, err)[0]
	}
	tokens := map[string]string{"TOKEN-ID": "echo $id", "TOKEN-SECRET": "echo $secret", "IN-MINUTES": "date -u -d '15 minutes' +%FT%TZ"}
	secret := lines("apiVersion: v1", "kind: Secret", "metadata: {name: bootstrap-token-TOKEN-ID, namespace: kube-system}", "type: bootstrap.kubernetes.io/token",
		"stringData:", "  token-id: \"TOKEN-ID\"", "  token-secret: \"TOKEN-SECRET\"", "  expiration: IN-MINUTES", "  usage-bootstrap-authentication: \"true\"",
		"  auth-extra-groups: "+manifests.BootstrapGroup)
	return h.here("a token for its kubelet, which asks for its first certificate with it; not needed where it has one", lines(
		"id=$(openssl rand -hex 3) secret=$(openssl rand -hex 8)",
		expanded(superKubectl+"create --filename=-", secret, tokens),
		expanded(h.pipe("umask 077; mkdir -p "+path.Dir(kubeconfig.BootstrapPath)+"; cat >"+kubeconfig.BootstrapPath), string(text), tokens)))
}

// approveByHand is that for every node.
func approveByHand(spec *cluster.Spec) []Command {
	var commands []Command
	for _, n := range spec.Kubelets() {
		commands = append(commands, admitByHand(n))
	}
	return commands
}

// admitByHand approves what the node's kubelet asks for and cluster.yaml says it is.
func admitByHand(n cluster.Node) Command {
	var own []string
	for _, name := range append([]string{n.Name}, n.Aliases...) {
		own = append(own, "-e "+quote("DNS:"+name))
	}
	for _, address := range n.Address {
		own = append(own, "-e "+quote("IPAddress:"+address))
	}
	return Command{Says: n.Name + ": what its kubelet asks to serve with, which is for servers only; no name or address may be another's", Line: lines(
		"for request in $("+superKubectl+"get csr --field-selector=spec.signerName=kubernetes.io/kubelet-serving \\",
		"    --output=jsonpath='{range .items[?(@.spec.username==\"system:node:"+n.Name+"\")]}{.metadata.name}{\" \"}{end}'); do",
		"  "+superKubectl+"get csr $request --output=jsonpath='{.spec.request}' | base64 -d >request.csr",
		"  openssl req -in request.csr -noout -verify -subject",
		"  openssl req -in request.csr -noout -text | sed -n '/Subject Alternative Name/{n;p}' | tr -d ' ' | tr , '\\n' |",
		"    grep -vxF "+strings.Join(own, " ")+" || "+superKubectl+"certificate approve $request",
		"done")}
}
