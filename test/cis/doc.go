// Package cis walks the automated checks of the CIS Kubernetes Benchmark (1.12; etcd, control plane and worker sections) over
// a host: what its processes were started with, what its kubelet says it runs with, and the modes and owners of the files
// that those name. It reads facts and knows nothing of how they came about, so that a running host and what would be
// rendered for one are judged by the same table.
//
// Left out are checks of what hardway does not put on hosts: manifests of static pods and the admin's kubeconfig (1.1.13 and
// 1.1.14), and those that the benchmark itself leaves to a person and that no setting decides (policies, section 5). Where it
// speaks of manifests of static pods, the systemd units stand in their place.
package cis
