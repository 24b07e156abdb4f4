package check

import (
	"context"
	"fmt"
	"strings"

	"hardway/cluster"
	"hardway/controlplane"
	"hardway/etcd"
	"hardway/haproxy"
	"hardway/worker"
)

// LiveCheck is one thing that is asked of a cluster that runs.
type LiveCheck struct {
	// Name is what it is called in reports, and waived by.
	Name string
	// Asks is what has to hold, for people to read.
	Asks string
	// of is the component that it asks; when says for which clusters, nil is all.
	of   string
	when func(*cluster.Spec) bool
	// stage: checks of one stage are asked side by side, after those of the stages before, which they build on.
	stage int
	// settles: what it asks for may come up by itself in a while.
	settles bool
	// ask is nil for what only Try finds out.
	ask func(context.Context, *Verification) []Row
}

// InCluster is what checks with objects inside the cluster are of: it is no component of a host.
const InCluster = "manifests"

// stages is how many there are: hosts, servers, what only several servers together know, what those serve. After servers it is
// known which API servers can be asked.
const (
	stages      = 4
	serverStage = 1
)

// The names by which checks refer to each other.
const (
	liveSSH      = "ssh"
	liveHostname = "hostname"
	livePeer     = "etcd-peer"
	liveClient   = "etcd-client"
	liveEtcd     = "etcd"
	liveAPI      = "apiserver"
	liveKubelet  = "kubelet"
	liveProxy    = "kube-proxy"
	liveBalancer = "balancer"
	liveLeases   = "leases"
	liveNodes    = "nodes"
	liveAddons   = "addons"
	liveSecret   = "secret"
	livePods     = "pods"
	liveLogs     = "logs"
	liveExec     = "exec"
	liveDNS      = "dns"
	livePodToPod = "pod-to-pod"
	liveService  = "service"
	liveNodePort = "node-port"
)

// LiveChecks is every check, in the order in which rows are shown: causes before what comes of them.
func LiveChecks() []LiveCheck {
	return []LiveCheck{
		{Name: liveSSH, Asks: "every host can be reached", ask: answersSSH},
		{Name: liveHostname, Asks: "a host that runs a kubelet has its node's name: that is what the kubelet calls itself", of: worker.Component, when: runsPods, ask: hasItsName},
		{Name: livePeer, Asks: shows("etcd's peer port, from every other member, with the member's own certificate"), of: etcd.Component, stage: 1, ask: serves("etcd, for peers")},
		{Name: liveClient, Asks: shows("etcd's client port, from the API server beside it, with that one's certificate"), of: etcd.Component, stage: 1, ask: serves("etcd, for clients")},
		{Name: liveEtcd, Asks: "what `etcd verify` asks: spec, member list and delivered units agree; one cluster, one leader, no alarm, the same data everywhere", of: etcd.Component, stage: 1, ask: membership},
		{Name: liveAPI, Asks: shows("every API server, from its own host, load balancers and nodes") + "; its `/readyz` is ok", of: controlplane.Component, stage: 1, ask: serves("kube-apiserver")},
		{Name: "controller-manager", Asks: shows("the controller-manager, from its own host") + "; its `/healthz` is ok", of: controlplane.Component, stage: 1, ask: serves("kube-controller-manager")},
		{Name: "scheduler", Asks: shows("the scheduler, from its own host") + "; its `/healthz` is ok", of: controlplane.Component, stage: 1, ask: serves("kube-scheduler")},
		{Name: liveKubelet, Asks: shows("every kubelet, from every master, with the API server's certificate"), of: worker.Component, when: runsPods, stage: 1, ask: serves("kubelet")},
		{Name: liveProxy, Asks: "kube-proxy says that it has programmed its node", of: worker.Component, when: runsPods, stage: 1, ask: proxies},
		{Name: liveBalancer, Asks: "every load balancer finds every API server ready, and has none drained", of: haproxy.Component, when: isBalanced, stage: 2, settles: true, ask: balancersAgree},
		{Name: "virtual-address", Asks: "one load balancer has the address that they share, and only one", of: haproxy.Component, when: isShared, stage: 2, settles: true, ask: oneHolds},
		{Name: "endpoint", Asks: "an API server answers with its certificate behind every load balancer, and at the endpoint's name; from nodes, and from the operator's machine, where it is a warning if it does not", of: haproxy.Component, stage: 2, ask: endpointServes},
		{Name: liveLeases, Asks: "controller-manager and scheduler each have a leader, one of the masters, that renews its lease", of: controlplane.Component, stage: 2, settles: true, ask: fromAPI(leases)},
		{Name: liveNodes, Asks: "the Nodes are those of the spec, ready, and have its names, addresses, version and pod networks", of: worker.Component, when: runsPods, stage: 2, settles: true, ask: fromAPI(nodesAgree)},
		{Name: liveAddons, Asks: "CoreDNS and metrics-server run, as far as the spec wants them; a warning in the first minute", of: InCluster, when: runsPods, stage: 2, settles: true, ask: fromAPI(addonsRun)},
		{Name: "aggregated-api", Asks: "every aggregated API is available, and every API server gets to what serves it and takes its certificate", of: InCluster, when: runsPods, stage: 3, settles: true, ask: fromAPI(aggregated)},
		{Name: liveSecret, Asks: "a Secret written through each API server stands in etcd encrypted, with the first key of encryption-config.yaml", of: controlplane.Component},
		{Name: livePods, Asks: "a DaemonSet gets a pod to run on every node", of: InCluster, when: runsPods},
		{Name: liveLogs, Asks: "every API server gives the log of a pod on every node", of: InCluster, when: runsPods},
		{Name: liveExec, Asks: "a program can be executed in a pod on every node", of: InCluster, when: runsPods},
		{Name: liveDNS, Asks: "a pod on every node resolves `kubernetes.default` through its own resolv.conf, over UDP", of: InCluster, when: runsPods},
		{Name: livePodToPod, Asks: "a pod on every node gets an answer from the pod on every other", of: InCluster, when: runsPods},
		{Name: liveService, Asks: "a pod on every node gets an answer from a Service, at its cluster IP", of: InCluster, when: runsPods},
		{Name: liveNodePort, Asks: "every node answers for the Service at its node port", of: InCluster, when: runsPods},
	}
}

func shows(what string) string {
	return "the certificate is the issued one, valid, and good for who dials: " + what
}

func runsPods(s *cluster.Spec) bool { return len(s.Kubelets()) > 0 }

func isBalanced(s *cluster.Spec) bool { return len(balancing(s)) > 0 }

func isShared(s *cluster.Spec) bool { return len(sharing(s)) > 0 }

// LiveTable is every check for people to read.
func LiveTable() string {
	var b strings.Builder
	b.WriteString("| check | what has to hold |\n|---|---|\n")
	for _, c := range LiveChecks() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", c.Name, c.Asks)
	}
	return b.String()
}
