//go:build e2e

package test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// objectsInside holds what `apply manifests` does to a running API server; nothing here needs a kubelet.
func objectsInside(t *testing.T, c *controlPlane) {
	if got := c.kubectl("admin", "-n", "kube-system", "get", "service", "kube-dns", "-o", "jsonpath={.spec.clusterIP}"); got != "10.32.0.10" {
		t.Errorf("DNS is at %q", got)
	}
	if got := c.kubectl("admin", "auth", "can-i", "get", "nodes/proxy", "--as=kube-apiserver-kubelet-client"); !strings.HasSuffix(strings.TrimSpace(got), "yes") {
		t.Errorf("may API servers speak to kubelets: %s", got)
	}
	if got := c.exits(0, "apply", "manifests"); !strings.Contains(got.out, "stand as they should") {
		t.Errorf("a second apply says %s", got.out)
	}
	// What others add stays; what is hardway's comes back.
	c.kubectl("admin", "-n", "kube-system", "annotate", "deployment", "coredns", "theirs=stays")
	c.kubectl("admin", "-n", "kube-system", "scale", "deployment", "coredns", "--replicas=5")
	got := c.json(0, "apply", "manifests", "--dry-run")
	if len(got.Changes) != 1 || got.Changes[0].Subject != "deployment/coredns in kube-system" || got.Changes[0].Action != "update" {
		t.Errorf("it would change %+v", got.Changes)
	}
	if again := c.kubectl("admin", "-n", "kube-system", "get", "deployment", "coredns", "-o", "jsonpath={.spec.replicas}"); again != "5" {
		t.Errorf("the dry run changed the replicas to %s", again)
	}
	c.exits(0, "apply", "manifests")
	if now := c.kubectl("admin", "-n", "kube-system", "get", "deployment", "coredns", "-o", "jsonpath={.spec.replicas} {.metadata.annotations.theirs}"); now != "2 stays" {
		t.Errorf("replicas and annotation are %q", now)
	}
	addonGoes(t, c)
}

// addonGoes takes an addon out of the spec and puts it back.
func addonGoes(t *testing.T, c *controlPlane) {
	data, err := os.ReadFile(filepath.Join(c.work, "cluster.yaml"))
	must(t, err)
	before := string(data)
	c.write("cluster.yaml", strings.Replace(before, "\n  hosts:", "\n  addons: {metricsServer: false}\n  hosts:", 1))
	if refused := c.exits(1, "apply", "manifests"); !strings.Contains(refused.errors, "hardway render manifests") {
		t.Errorf("what is not rendered is said to be %s", refused.errors)
	}
	c.exits(0, "render", "manifests")
	c.exits(0, "apply", "manifests")
	if left := c.kubectl("admin", "get", "apiservice,clusterrole,deployment", "-A", "-l", "hardway.io/set=40-metrics-server", "-o", "name"); strings.TrimSpace(left) != "" {
		t.Errorf("left of metrics-server is %s", left)
	}
	c.write("cluster.yaml", before)
	c.exits(0, "render", "manifests")
	c.exits(0, "apply", "manifests")
}
