//go:build e2e

package test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// nodesAreReady waits for every host of the spec that runs pods, and for no other.
func nodesAreReady(t *testing.T, c *controlPlane) {
	t.Helper()
	var want []string
	for _, n := range c.spec.Kubelets() {
		want = append(want, n.Name+"=True")
	}
	slices.Sort(want)
	var got []string
	eventually(t, time.Minute, "every node is Ready", func() bool {
		got = strings.Fields(c.kubectl("admin", "get", "nodes", "-o",
			`jsonpath={range .items[*]}{.metadata.name}={.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}`))
		slices.Sort(got)
		return slices.Equal(got, want)
	})
}

// webPods is three of a small web server that answers with its pod's name, and a Service of them.
const webPods = `apiVersion: apps/v1
kind: Deployment
metadata: {name: everywhere}
spec:
  replicas: 3
  selector: {matchLabels: {app: everywhere}}
  template:
    metadata: {labels: {app: everywhere}}
    spec:
      containers: [{name: web, image: IMAGE, imagePullPolicy: IfNotPresent, ports: [{containerPort: 8080}]}]
---
apiVersion: v1
kind: Service
metadata: {name: everywhere}
spec:
  type: NodePort
  selector: {app: everywhere}
  ports: [{port: 80, targetPort: 8080, nodePort: 30080}]
`

// podsAnswer wants every one of three pods to be heard through a port of any node, also of one that it does not run on.
func podsAnswer(t *testing.T, m *machines, c *controlPlane) {
	c.write("web.yaml", strings.Replace(webPods, "IMAGE", imageOf(t, c, "web"), 1))
	c.kubectl("admin", "apply", "-f", filepath.Join(c.work, "web.yaml"))
	t.Cleanup(func() { c.kubectl("admin", "delete", "--wait=false", "-f", filepath.Join(c.work, "web.yaml")) })
	c.kubectl("admin", "rollout", "status", "deployment/everywhere", "--timeout=60s")
	for _, n := range c.spec.Kubelets() {
		heard := map[string]bool{}
		eventually(t, 20*time.Second, "every pod answers through "+n.Name, func() bool {
			// A kube-proxy that has not heard of the Service yet refuses.
			if pod := m.ssh(c.spec.With("control-plane")[0].Name, "curl", "-s", "--max-time", "2", "http://"+n.PrimaryAddress()+":30080/", "||", "true"); pod != "" {
				heard[pod] = true
			}
			return len(heard) == 3
		})
	}
}

// imageOf is the full name of an image of the lab's.
func imageOf(t *testing.T, c *controlPlane, name string) string {
	t.Helper()
	for _, image := range strings.Fields(c.kubectl("admin", "get", "nodes", "-o", "jsonpath={.items[*].status.images[*].names[*]}")) {
		if strings.HasPrefix(image, "lab.local/"+name+":") {
			return image
		}
	}
	t.Fatalf("no node has an image of %s", name)
	return ""
}

// usageIsKnown: the aggregation layer works up to kubelets.
func usageIsKnown(t *testing.T, c *controlPlane) {
	eventually(t, 90*time.Second, "metrics of every node", func() bool {
		out, err := c.tryKubectl("admin", "top", "nodes", "--no-headers")
		return err == nil && strings.Count(out, "\n") == len(c.spec.Kubelets()) && !strings.Contains(out, "unknown")
	})
}
