// Package controlplane renders what a master holds besides etcd: the units of kube-apiserver, kube-controller-manager
// and kube-scheduler, the files their flags name, and the table of who reads what. Values follow the Kubernetes
// documentation and the CIS Kubernetes benchmark; where a version of Kubernetes differs, versions.go says how.
//
// It also owns the configuration of encryption at rest, whose key is made once and never replaced.
package controlplane
