//go:build e2e

package test

import (
	"bytes"
	"crypto/tls"
	"encoding/pem"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"hardway/controlplane"
	"hardway/plan"
)

// A server that is not ready after its change: its host gets back what it ran on, and its clients; nobody else is touched.
func TestControlPlaneIsPutBackWhereAServerDoesNotGetReady(t *testing.T) {
	c := withKubernetes(t)
	c.exits(0, "up")
	c.edit("gateTimeout: 90s", "gateTimeout: 30s")
	c.edit("  ssh:", "  worker: {bootstrap: token}\n  ssh:")
	c.addUnreachableKMS()
	c.exits(0, "render", "all")
	state, running := c.deliveredState(), c.rehearsal.processes()

	got := c.exits(1, "apply", "controlplane")
	t.Log(got.errors)
	for _, want := range []string{"kmaster1: ", "it was put back and runs on what it ran on before", "kms-providers", "hint:"} {
		if !strings.Contains(got.errors, want) {
			t.Errorf("the message does not say %q:\n%s", want, got.errors)
		}
	}
	if after := c.deliveredState(); !maps.Equal(state, after) {
		t.Errorf("what hosts hold is not what it was: %v", changed(state, after))
	}
	for unit, pid := range c.rehearsal.processes() {
		restarted := pid != running[unit]
		if touched := strings.HasPrefix(unit, "kmaster1 kube-"); restarted && !touched {
			t.Errorf("%s was restarted", unit)
		}
	}
	if c.rehearsal.processes()["kmaster1 "+controlplane.APIServerUnit] == running["kmaster1 "+controlplane.APIServerUnit] {
		t.Error("the API server of kmaster1 was never restarted: that was no test")
	}
	for _, n := range c.masters() {
		eventually(t, 30*time.Second, n.Name+" is ready", func() bool { status, _ := c.readyz(n.PrimaryAddress()); return status == 200 })
		if admin := c.administered(n.Name); admin != "0" {
			t.Errorf("%s was left with admin state %s on the balancer", n.Name, admin)
		}
	}
	if doc := c.json(3, "diff"); len(doc.Changes) == 0 {
		t.Error("diff finds nothing to do")
	}
}

// addUnreachableKMS adds a second provider that no server can reach: one that is started with it does not get ready.
func (c *controlPlane) addUnreachableKMS() {
	c.t.Helper()
	file := filepath.Join(c.work, "encryption-config.yaml")
	data, err := os.ReadFile(file)
	must(c.t, err)
	before, after, ok := strings.Cut(string(data), "  - identity: {}")
	if !ok {
		c.t.Fatalf("encryption-config.yaml has no identity provider:\n%s", strings.Split(string(data), "secret:")[0])
	}
	c.write("encryption-config.yaml", before+"  - kms: {apiVersion: v2, name: away, endpoint: \"unix:///run/away.sock\", timeout: 1s}\n  - identity: {}"+after)
}

// An interrupted run puts its host back and gives it its clients again.
func TestControlPlaneIsPutBackAfterAnInterruption(t *testing.T) {
	c := withKubernetes(t)
	c.exits(0, "up")
	c.edit("  ssh:", "  worker: {bootstrap: token}\n  ssh:")
	c.exits(0, "render", "all")
	for _, after := range []time.Duration{3 * time.Second, 6 * time.Second, 12 * time.Second} {
		c.interrupt(after, "apply", "controlplane")
		for _, n := range c.masters() {
			eventually(t, 30*time.Second, n.Name+" is ready", func() bool { status, _ := c.readyz(n.PrimaryAddress()); return status == 200 })
			if admin := c.administered(n.Name); admin != "0" {
				t.Errorf("interrupted after %s: %s was left with admin state %s on the balancer", after, n.Name, admin)
			}
		}
		// A unit that is to restart does so for files that are to change: none runs on what is not there any more.
		changes := c.json(3, "diff").Changes
		for _, row := range changes {
			updated := slices.ContainsFunc(changes, func(o plan.Change) bool { return o.Host == row.Host && o.Action == "update" })
			if row.Action == "restart" && !updated {
				t.Errorf("interrupted after %s: %s of %s %s", after, row.Subject, row.Host, row.Reason)
			}
		}
	}
	c.exits(0, "apply", "controlplane")
	if again := c.json(0, "apply", "controlplane"); len(again.Changes) > 0 {
		t.Errorf("a second run finds something left to do: %+v", again.Changes)
	}
}

// A renewed certificate is served without any restart, and the run ends only when it is.
func TestControlPlaneServesRenewedCertificatesWithoutARestart(t *testing.T) {
	c := withKubernetes(t)
	c.exits(0, "up")
	for _, n := range c.masters() {
		for _, pair := range []string{"apiserver", "controller-manager-serving", "scheduler-serving", "etcd-server", "etcd-peer"} {
			for _, ending := range []string{".crt", ".key"} {
				must(t, os.Remove(filepath.Join(c.work, "pki", n.Name, pair+ending)))
			}
		}
	}
	c.exits(0, "pki", "all")
	c.exits(0, "render", "all")
	running := c.rehearsal.processes()
	c.exits(0, "apply", "all")
	if after := c.rehearsal.processes(); !maps.Equal(running, after) {
		t.Errorf("processes %v, before %v", after, running)
	}
	for _, n := range c.masters() {
		want, err := os.ReadFile(filepath.Join(c.work, "pki", n.Name, "apiserver.crt"))
		must(t, err)
		block, _ := pem.Decode(want)
		conn, err := tls.Dial("tcp", net.JoinHostPort(n.PrimaryAddress(), "6443"), &tls.Config{InsecureSkipVerify: true})
		must(t, err)
		if !bytes.Equal(conn.ConnectionState().PeerCertificates[0].Raw, block.Bytes) {
			t.Errorf("%s serves another certificate than the one that was delivered", n.Name)
		}
		_ = conn.Close()
	}
}
