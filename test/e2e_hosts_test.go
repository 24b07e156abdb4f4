//go:build e2e

package test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"hardway/cluster"
)

// TestMachinesHosts lets hosts come and go: a worker joins, takes pods and leaves again; a master is lost, and a new machine
// at another address takes its place; at last everything goes.
func TestMachinesHosts(t *testing.T) {
	m := withMachines(t, "5")
	c := &controlPlane{rehearsal: m.rehearsal}
	m.edit("etcd: {version: "+presentEtcd, "etcd: {snapshots: {every: 6h, keep: 2, dir: /var/lib/etcd-snapshots}, version: "+presentEtcd)
	before := m.portraits()
	m.exits(0, "up")
	nodesAreReady(t, c)
	workerComesAndGoes(t, m, c)
	before["kmaster3"] = masterIsReplaced(t, m, c)
	t.Run("pods answer", func(t *testing.T) {
		m.t, c.t = t, t
		podsAnswer(t, m, c)
	})
	m.t, c.t = t, t
	if again := m.exits(0, "up"); !strings.Contains(again.out, "nothing changed") {
		t.Errorf("the last up says:\n%s", again.out)
	}
	machinesAreReset(t, m, before)
}

// newAddress is one of the lab's network that no host has.
func (m *machines) newAddress() string {
	m.t.Helper()
	var last netip.Addr
	for _, n := range m.spec.Hosts {
		if a := netip.MustParseAddr(n.PrimaryAddress()); last.Less(a) {
			last = a
		}
	}
	return last.Next().Next().String()
}

// boots makes the machines that cluster.yaml has and the lab has not.
func (m *machines) boots() {
	m.t.Helper()
	m.lab("up", "--driver", "container", "--images", addon(m.t, "images.tar"))
	m.readSpec()
}

func workerComesAndGoes(t *testing.T, m *machines, c *controlPlane) {
	const worker = "kworker2"
	before, err := c.readFile("cluster.yaml")
	must(t, err)
	first, _ := m.spec.Node("kworker1")
	line := "  - {name: kworker1, address: " + first.PrimaryAddress() + ", roles: [worker]}\n"
	m.edit(line, line+"  - {name: "+worker+", address: "+m.newAddress()+", roles: [worker]}\n")
	m.boots()
	untouched := m.portrait(worker)
	m.exits(0, "up")
	nodesAreReady(t, c)
	c.kubectl("admin", "cordon", "kworker1")
	// Images by name and tag stand there already, and are pulled only where they do not.
	c.kubectl("admin", "create", "deployment", "web", "--image="+imageOf(t, c, "web"), "--replicas=3")
	c.kubectl("admin", "create", "poddisruptionbudget", "web", "--selector=app=web", "--min-available=3")
	webIsOut(t, c)
	c.kubectl("admin", "run", "alone", "--image="+imageOf(t, c, "web"), "--image-pull-policy=IfNotPresent")
	c.kubectl("admin", "wait", "pod/alone", "--for=condition=Ready", "--timeout=60s")
	if got := c.kubectl("admin", "get", "pods", "-l", "app=web", "-o", "jsonpath={.items[*].spec.nodeName}"); got != worker+" "+worker+" "+worker {
		t.Errorf("pods run on %s", got)
	}
	c.kubectl("admin", "uncordon", "kworker1")

	if got := m.exits(1, "hosts", "remove", worker, "--yes"); !strings.Contains(got.errors, "pod default/alone: belongs to no controller") {
		t.Errorf("with a pod that nobody makes anew it says: %s", got.errors)
	}
	late := m.exits(1, "hosts", "remove", worker, "--yes", "--force", "--delete-emptydir-data", "--timeout", "3s")
	if !strings.Contains(late.errors, "disruption budget") || !slices.Contains(strings.Fields(c.kubectl("admin", "get", "nodes", "-o", "name")), "node/"+worker) {
		t.Errorf("against a disruption budget it says: %s", late.errors)
	}
	c.kubectl("admin", "patch", "poddisruptionbudget", "web", "--type=merge", "-p", `{"spec":{"minAvailable":2}}`)
	removed := m.exits(0, "hosts", "remove", worker, "--yes", "--force", "--delete-emptydir-data")
	if !strings.Contains(removed.out, "take "+worker+" out of cluster.yaml") {
		t.Errorf("it does not say what to do next: %s", removed.out)
	}
	samePortraits(t, map[string]map[string]bool{worker: untouched}, map[string]map[string]bool{worker: m.portrait(worker)}, "none")
	c.write("cluster.yaml", before)
	c.readSpec()
	m.exits(0, "up")
	nodesAreReady(t, c)
	if got := m.ssh("kworker1", "ip route show proto 104"); got != "" {
		t.Errorf("routes to pods that are gone: %s", got)
	}
	c.kubectl("admin", "delete", "poddisruptionbudget", "web")
	webIsOut(t, c)
	m.lab("remove", worker)
}

// webIsOut waits for the web server's pods. The API server that is asked may not have heard of them yet.
func webIsOut(t *testing.T, c *controlPlane) {
	t.Helper()
	defer func() {
		if t.Failed() {
			seen, _ := c.tryKubectl("admin", "get", "deployments,pods,nodes,events", "-A", "-o", "wide")
			t.Log(seen)
		}
	}()
	eventually(t, 4*time.Minute, "the web server runs", func() bool {
		_, err := c.tryKubectl("admin", "rollout", "status", "deployment/web", "--timeout=30s")
		return err == nil
	})
}

// masterIsReplaced loses a machine for good, and says how the new one was.
func masterIsReplaced(t *testing.T, m *machines, c *controlPlane) map[string]bool {
	const lost = "kmaster3"
	old, _ := m.spec.Node(lost)
	ids, _ := m.statuses(0)
	c.kubectl("admin", "create", "configmap", "kept", "--from-literal=what=this")
	m.lab("kill", lost)
	m.lab("remove", lost)
	address := m.newAddress()
	m.edit("address: "+old.PrimaryAddress()+",", "address: "+address+",")
	m.boots()
	untouched := m.portrait(lost)
	began := time.Now()
	m.exits(0, "pki", "all")
	m.exits(0, "render", "all")
	m.exits(0, "etcd", "replace", lost)
	m.exits(0, "up")
	t.Logf("a master was replaced in %v", time.Since(began).Round(time.Second))
	m.exits(0, "etcd", "verify")
	now, _ := m.statuses(0)
	if row := now[lost]; len(now) != 3 || row.ID == ids[lost].ID || !row.Healthy || !slices.Contains(row.PeerURLs, "https://"+address+":2380") {
		t.Errorf("members are %+v", now)
	}
	everyServerIsReady(t, c)
	nodesAreReady(t, c)
	if got := c.kubectl("admin", "get", "configmap", "kept", "-o", "jsonpath={.data.what}"); got != "this" {
		t.Errorf("what was kept is %q", got)
	}
	for _, n := range m.spec.With(cluster.RoleControlPlane) {
		if got := m.ssh(n.Name, "openssl x509 -in /etc/kubernetes/pki/apiserver.crt -noout -ext subjectAltName; grep -c "+old.PrimaryAddress()+" /etc/systemd/system/etcd.service || true"); !strings.Contains(got, address) || strings.Contains(got, old.PrimaryAddress()) || !strings.HasSuffix(got, "\n0") {
			t.Errorf("%s: %s", n.Name, got)
		}
	}
	if got := m.ssh("haproxy", "grep -c "+old.PrimaryAddress()+": /etc/haproxy/haproxy.cfg || true"); got != "0" {
		t.Errorf("the balancer knows the machine that is gone, %s times", got)
	}
	return untouched
}
