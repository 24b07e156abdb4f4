package plan

import "hardway/pki"

// authorityReasons says of each authority why it is one of its own.
var authorityReasons = map[string]string{
	pki.Kubernetes: "signs what everyone in the cluster shows and who they are; whoever holds its key is anyone",
	pki.Etcd:       "its own authority, because etcd lets in everyone it signed: a kubelet's certificate must open nothing there",
	pki.FrontProxy: "its own authority, because an API server believes the user names that its clients pass on in headers",
}

// leafReasons says of each kind of leaf what would not work without it.
var leafReasons = map[string]string{
	"super-admin": "the way in when authorization itself is broken; nothing can take its rights away, so it stays off every host",
	"admin":       "what people work with; its group is bound to cluster-admin, and the binding can be taken away",
	"etcd-admin":  "lets an operator ask etcd's members, which know no other rights than their authority's signature",

	"metrics-server": "what API servers see when they pass `kubectl top` on; without it they would have to believe whoever answers there",

	"metrics-proxy": "what Prometheus sees when it dials a node for metrics, and how the proxy is known to the components behind it",

	"etcd-server": "what clients of this member see; for a client too, because its own HTTP gateway dials it with the same pair",
	"etcd-peer":   "members show it to each other in both directions; they compare names and the address a peer comes from",

	"apiserver":                  "every name and address a client may dial an API server by, the same on each master",
	"apiserver-kubelet-client":   "how this API server reaches kubelets for logs and exec; one per master, so that it can be told apart and replaced alone",
	"apiserver-etcd-client":      "how this API server reaches the etcd member beside it",
	"front-proxy-client":         "proves to extension API servers that the user names passed on come from an API server",
	"controller-manager":         "the user name that this controller-manager's rights are bound to",
	"controller-manager-serving": "its health and metrics, served on loopback only",
	"scheduler":                  "the user name that this scheduler's rights are bound to",
	"scheduler-serving":          "its health and metrics, served on loopback only",

	"kubelet":         "the node's own name and group: the node authorizer gives it its own pods' secrets and no other node's",
	"kubelet-serving": "what API servers see when they ask this kubelet for logs",
	"kube-proxy":      "may list Services and endpoints, no more",
}
