package plan

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"

	"hardway/cluster"
	"hardway/manifests"
	"hardway/pki"
)

// asSuperAdmin is kubectl as the user of emergencies, on the operator's machine.
const asSuperAdmin = "kubectl --kubeconfig=kubeconfig/super-admin.kubeconfig "

// verifyByHand asks the same as a person would, each server from a host that dials it.
func verifyByHand(spec *cluster.Spec) []Command {
	commands := etcdVerifyByHand(spec)
	masters := spec.With(cluster.RoleControlPlane)
	for _, n := range masters {
		for _, from := range append(spec.With(cluster.RoleLoadBalancer), n) {
			commands = append(commands, handOn(spec, from).on("the API server of "+n.Name+" as it is seen from here: its certificate, verified for its address, and whether it is ready",
				fmt.Sprintf("curl -sSf --cacert %s https://%s:%d/readyz && echo", bundleOn(from), bracketed(n.PrimaryAddress()), cluster.APIServerPort)))
		}
	}
	commands = append(commands,
		Command{Says: "through the endpoint, from here", Line: asSuperAdmin + "get --raw /readyz"},
		Command{Says: "who leads, renewed within the last 15 s", Line: asSuperAdmin + "-n kube-system get leases kube-controller-manager kube-scheduler -o custom-columns=NAME:.metadata.name,HOLDER:.spec.holderIdentity,RENEWED:.spec.renewTime"})
	if len(spec.Kubelets()) == 0 {
		return commands
	}
	for _, n := range spec.Kubelets() {
		if len(masters) > 0 {
			h := handOn(spec, masters[0])
			commands = append(commands, h.on("the kubelet of "+n.Name+", as this master's API server asks it", fmt.Sprintf(
				"curl -sSf --cacert %s --cert %s --key %s https://%s:10250/healthz && echo", bundleOn(masters[0]),
				"/etc/kubernetes/pki/apiserver-kubelet-client.crt", "/etc/kubernetes/pki/apiserver-kubelet-client.key", bracketed(n.PrimaryAddress()))))
		}
	}
	return append(commands, podsByHand(spec)...)
}

// bundleOn is what a host trusts servers of the cluster by.
func bundleOn(n cluster.Node) string {
	dir := pki.KubernetesDir
	if !n.Has(cluster.RoleControlPlane) && !n.Has(cluster.RoleWorker) {
		dir = pki.HAProxyDir
	}
	return path.Join(dir, pki.KubernetesBundle)
}

// byHandNamespace is where a person makes what is for the moment.
const byHandNamespace = "hardway-verify-by-hand"

// podsByHand makes the same objects, and looks what becomes of them.
func podsByHand(spec *cluster.Spec) []Command {
	text, err := momentText(spec)
	if err != nil {
		return unexplained("verify", err)
	}
	in := asSuperAdmin + "-n " + byHandNamespace + " "
	var nodes []string
	for _, n := range spec.Kubelets() {
		nodes = append(nodes, n.Name)
	}
	commands := []Command{
		{Says: "ready, under the names of the spec, with its addresses and pod networks: " + strings.Join(nodes, ", "), Line: asSuperAdmin + "get nodes -o wide"},
		{Says: "what others serve under the API: True everywhere", Line: asSuperAdmin + "get apiservices"},
		{Says: "a namespace for the moment, with a pod on every node and a Service", Line: heredoc(asSuperAdmin+"apply -f -", text)},
		{Says: "every pod runs", Line: in + "rollout status daemonset/probe --timeout=60s"},
		{Says: "through the API server to a kubelet: the log of a pod, and a program in it", Line: lines(in+"logs daemonset/probe", in+"exec daemonset/probe -- "+manifests.MomentProgram+" -version")},
		{Says: "a Secret, and what etcd keeps of it: k8s:enc:" + spec.Encryption.Provider + ":… and nothing that can be read", Line: lines(
			in+"create secret generic written --from-literal=about=verify",
			etcdctl(spec, "get --print-value-only /registry/secrets/"+byHandNamespace+"/written | head -c 40 | od -c"))},
	}
	for _, n := range spec.Kubelets() {
		commands = append(commands, reachByHand(spec, n, in))
	}
	return append(commands, Command{Says: "all of it goes", Line: asSuperAdmin + "delete namespace " + byHandNamespace})
}

// reachByHand tries to get from a pod of a node, whose network is entered there, to every pod and to the Service, by both its
// addresses.
func reachByHand(spec *cluster.Spec, n cluster.Node, in string) Command {
	targets := "(" + in + `get pods -o jsonpath='{range .items[*]}{.status.podIP}/` + strconv.Itoa(manifests.MomentPort) + `{"\n"}{end}'; ` +
		in + `get service probe -o jsonpath='{.spec.clusterIP}/53{"\n"}')`
	return Command{Says: n.Name + ": from its pod to every pod, and to the Service; what is not reached is named", Line: lines(
		targets+` |`,
		"  "+handOn(spec, n).pipe(lines(
			`pod=$(pgrep -n -x coredns)`,
			`while read -r to; do`,
			`  nsenter -n -t "$pod" timeout 3 bash -c ": >/dev/tcp/$to" || echo "no way to $to"`,
			`done`)))}
}

// momentText is the objects as YAML.
func momentText(spec *cluster.Spec) (string, error) {
	pods, err := manifests.MomentPods(spec, byHandNamespace)
	if err != nil {
		return "", err
	}
	var parts []string
	for _, o := range []struct {
		kind   string
		object any
	}{
		{"apiVersion: v1\nkind: Namespace\n", manifests.MomentNamespace(byHandNamespace, "hand")}, {"apiVersion: v1\nkind: ServiceAccount\n", manifests.MomentAccount(byHandNamespace)},
		{"apiVersion: apps/v1\nkind: DaemonSet\n", pods}, {"apiVersion: v1\nkind: Service\n", manifests.MomentService(byHandNamespace)},
	} {
		data, err := yaml.Marshal(o.object)
		if err != nil {
			return "", fmt.Errorf("failed to encode what is made for the moment: %w", err)
		}
		parts = append(parts, o.kind+strings.TrimSuffix(string(data), "\n"))
	}
	return strings.Join(parts, "\n---\n"), nil
}
