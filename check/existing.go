package check

import "strings"

// record is what hardway keeps on a host of what it delivered.
const record = "/var/lib/hardway/manifest.json"

// traces is what other clusters leave on a host. Where hardway has delivered, some of these may be its own.
var traces = []struct {
	path, of  string
	maybeOurs bool
}{
	{"/etc/kubernetes/manifests/", "kubeadm", false},
	{"/etc/kubernetes/admin.conf", "kubeadm", false},
	{"/var/lib/etcd/member", "an etcd member", true},
	{"/var/lib/kubelet/config.yaml", "a kubelet", true},
	{"/etc/rancher", "k3s or RKE2", false},
	{"/var/lib/rancher", "k3s or RKE2", false},
	{"/var/lib/k0s", "k0s", false},
	{"/var/snap/microk8s", "MicroK8s", false},
}

func existingCluster(_ *Survey, h *Host) []Row {
	delivered := h.Facts.Paths[record]
	var found []string
	for _, t := range traces {
		if t.maybeOurs && delivered {
			continue
		}
		for path := range h.Facts.Paths {
			if path == t.path || strings.HasSuffix(t.path, "/") && strings.HasPrefix(path, t.path) {
				found = append(found, path+" ("+t.of+")")
				break
			}
		}
	}
	switch {
	case len(found) > 0:
		return failed("take another host, or clean this one with the tool that made it (`kubeadm reset`, `k3s-uninstall.sh`, …); data there is not hardway's to remove",
			"another cluster was here: %s", strings.Join(found, ", "))
	case delivered:
		return ok("only what hardway delivered")
	}
	return ok("none")
}
