// Package worker renders what a node that runs pods holds: the configuration of the kubelet and of kube-proxy with their
// units, containerd's configuration with a drop-in for the distribution's unit, and, where spec.worker.cni is bridge, the
// network of its pods: a bridge, static routes to the pods of every other node, and masquerading for what leaves the pod
// network. Masters without a kubelet get the routes alone, because API servers reach webhooks and extension API servers in
// pods.
//
// Values follow the Kubernetes documentation and the CIS Kubernetes benchmark. What only one host needs, because of how
// that host is, stands in a drop-in on that host and not here: KubeletDropInDir.
package worker
