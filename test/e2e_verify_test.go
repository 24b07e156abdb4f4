//go:build e2e

package test

import (
	"strings"
	"testing"
	"time"
)

// TestControlPlaneIsVerifiedWithoutNodes: a cluster that runs no pods is proven as far as it goes.
func TestControlPlaneIsVerifiedWithoutNodes(t *testing.T) {
	c := withKubernetes(t)
	c.exits(0, "up")
	got := c.json(0, "verify")
	if got.Kind != "VerifyReport" || len(got.Problems) > 0 {
		t.Errorf("verify says %+v", got)
	}
	text := c.exits(0, "verify").out
	for _, check := range []string{"etcd-peer", "etcd-client", "etcd ", "apiserver", "controller-manager", "scheduler", "balancer", "endpoint", "leases", "secret"} {
		if !strings.Contains(text, "  "+check) {
			t.Errorf("there is no row of %s:\n%s", check, text)
		}
	}
	if left := c.kubectl("admin", "get", "secrets", "-A", "-o", "name"); strings.Contains(left, "written-by") {
		t.Errorf("left is %s", left)
	}
	eventually(t, time.Minute, "what was made for the moment is gone", func() bool {
		return !strings.Contains(c.kubectl("admin", "get", "namespaces", "-o", "name"), "hardway-verify")
	})
}
