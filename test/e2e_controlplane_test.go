//go:build e2e

package test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"hardway/cluster"
	"hardway/controlplane"
)

// masterUnits is what runs on a master, in the order in which it is restarted.
var masterUnits = []string{"etcd.service", controlplane.APIServerUnit, controlplane.ControllerManagerUnit, controlplane.SchedulerUnit}

func TestControlPlaneOfRealComponents(t *testing.T) {
	c := withKubernetes(t)
	c.exits(0, "up")
	for name, check := range map[string]func(t *testing.T, c *controlPlane){
		"every server and the balancer are ready": everyServerIsReady,
		"people get in": peopleGetIn,
		"controllers and schedulers have a leader":    leadersAreHeld,
		"what is stored is encrypted":                 storedEncrypted,
		"the second up changes nothing":               secondUpChangesNothing,
		"no component complains of how it is started": nobodyComplains,
	} {
		t.Run(name, func(t *testing.T) {
			c.t = t
			check(t, c)
		})
	}
	c.t = t
	t.Run("objects inside the cluster", func(t *testing.T) {
		c.t = t
		objectsInside(t, c)
	})
	c.t = t
	t.Run("units restart", func(t *testing.T) { unitsRestart(t, c) })
}

func everyServerIsReady(t *testing.T, c *controlPlane) {
	for _, n := range slices.Concat(c.masters(), c.spec.With(cluster.RoleLoadBalancer)) {
		if status, err := c.readyz(n.PrimaryAddress()); status != 200 {
			t.Errorf("%s: /readyz answers %d, %v", n.Name, status, err)
		}
	}
}

func peopleGetIn(t *testing.T, c *controlPlane) {
	if got := c.kubectl("admin", "get", "--raw", "/version"); !strings.Contains(got, `"gitVersion": "v1.36.3"`) {
		t.Errorf("the version is %s", got)
	}
	if got := c.kubectl("admin", "auth", "whoami", "-o", "yaml"); !strings.Contains(got, "- hardway:cluster-admins") {
		t.Errorf("admin is %s", got)
	}
	if got := c.kubectl("super-admin", "get", "namespaces", "-o", "name"); !strings.Contains(got, "namespace/kube-system") {
		t.Errorf("super-admin sees %s", got)
	}
}

// leadersAreHeld wants each lease renewed by one of the masters.
func leadersAreHeld(t *testing.T, c *controlPlane) {
	for _, name := range []string{"kube-controller-manager", "kube-scheduler"} {
		var lease struct {
			Spec struct {
				HolderIdentity string
				RenewTime      time.Time
			}
		}
		eventually(t, 30*time.Second, name+" has a leader", func() bool {
			text := c.kubectl("super-admin", "-n", "kube-system", "get", "lease", name, "--ignore-not-found", "-o", "json")
			return text != "" && json.Unmarshal([]byte(text), &lease) == nil && time.Since(lease.Spec.RenewTime) < 15*time.Second
		})
		if holder, _, _ := strings.Cut(lease.Spec.HolderIdentity, "_"); holder == "" {
			t.Errorf("%s is led by %q", name, lease.Spec.HolderIdentity)
		}
	}
}

// storedEncrypted looks at what etcd holds of a Secret.
func storedEncrypted(t *testing.T, c *controlPlane) {
	c.kubectl("super-admin", "-n", "default", "create", "secret", "generic", "seen", "--from-literal=word=cleartextcleartext")
	pki := filepath.Join(c.Root("kmaster1"), "etc/etcd/pki")
	command := exec.CommandContext(t.Context(), program(t, "etcdctl"), "--endpoints", c.masters()[0].ClientURL(),
		"--cacert", filepath.Join(pki, "ca-bundle.crt"), "--cert", filepath.Join(pki, "server.crt"), "--key", filepath.Join(pki, "server.key"),
		"get", "/registry/secrets/default/seen", "--print-value-only")
	stored, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(stored), "k8s:enc:secretbox:v1:") || strings.Contains(string(stored), "cleartext") {
		t.Errorf("etcd holds %q", stored)
	}
	if got := c.kubectl("super-admin", "-n", "default", "get", "secret", "seen", "-o", "jsonpath={.data.word}"); got != "Y2xlYXJ0ZXh0Y2xlYXJ0ZXh0" {
		t.Errorf("it is read as %q", got)
	}
}

func secondUpChangesNothing(t *testing.T, c *controlPlane) {
	if again := c.exits(0, "up"); !strings.Contains(again.out, "nothing changed") {
		t.Errorf("the second up says:\n%s", again.out)
	}
}

// complaint is how components speak of a flag or a configuration that they do not like.
var complaint = regexp.MustCompile(`(?i)unknown flag|flag .*(deprecated|removed)|--[a-z-]+ (is|has been|will be) |deprecated.*--|unknown field|strict decoding|unrecognized|unknown keyword|\[ALERT\].*(parsing|config)|\[WARNING\].*(parsing|config)`)

func nobodyComplains(t *testing.T, c *controlPlane) {
	for _, row := range c.Status() {
		if row.Unit == controlplane.LostLeaderUnit {
			continue // the stand-in for systemd starts no unit that another only wants
		}
		if row.State != "active" {
			t.Errorf("%s of %s is %s %s", row.Unit, row.Host, row.State, row.Result)
		}
		for line := range strings.Lines(c.log(row.Host, row.Unit)) {
			if complaint.MatchString(line) {
				t.Errorf("%s of %s: %s", row.Unit, row.Host, line)
			}
		}
	}
}

// unitsRestart stops and starts everything on one master and the balancer, as a person who is logged in there would.
func unitsRestart(t *testing.T, c *controlPlane) {
	c.t = t
	for _, unit := range masterUnits {
		before := c.mainPID("kmaster1", unit)
		began := time.Now()
		c.systemctl("kmaster1", "restart", unit)
		t.Logf("%s: %v", unit, time.Since(began).Round(100*time.Millisecond))
		if after := c.mainPID("kmaster1", unit); after == 0 || after == before {
			t.Errorf("%s: process %d, after the restart %d", unit, before, after)
		}
		if text := c.log("kmaster1", unit); strings.Contains(text, "stopping timed out") || strings.Contains(text, "systemd: "+unit+": main process") {
			t.Errorf("%s did not stop by itself: %s", unit, text[max(0, len(text)-2000):])
		}
	}
	balancer := c.mainPID("haproxy", "haproxy.service")
	c.systemctl("haproxy", "reload", "haproxy.service")
	if after := c.mainPID("haproxy", "haproxy.service"); after != balancer {
		t.Errorf("the reload restarted HAProxy: process %d, then %d", balancer, after)
	}
	for _, n := range c.spec.Hosts {
		eventually(t, 30*time.Second, n.Name+" is ready again", func() bool {
			status, _ := c.readyz(n.PrimaryAddress())
			return status == 200
		})
	}
}

func (c *controlPlane) mainPID(host, unit string) int {
	c.t.Helper()
	state, err := c.Unit(host, unit)
	if err != nil {
		c.t.Fatal(err)
	}
	return state.MainPID
}

// eventually waits for what takes a while.
func eventually(t *testing.T, patience time.Duration, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", patience, what)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// TestControlPlaneBinariesAreTheOnesOfTheSpec holds that what test/kubernetes builds is what the rehearsal's spec names.
func TestControlPlaneBinariesAreTheOnesOfTheSpec(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"kube-apiserver": {[]string{"--version"}, "Kubernetes v1.36.3"}, "kube-controller-manager": {[]string{"--version"}, "Kubernetes v1.36.3"},
		"kube-scheduler": {[]string{"--version"}, "Kubernetes v1.36.3"}, "kube-proxy": {[]string{"--version"}, "Kubernetes v1.36.3"},
		"kubelet": {[]string{"--version"}, "Kubernetes v1.36.3"}, "kubeadm": {[]string{"version", "-o", "short"}, "v1.36.3"},
		"kubectl": {[]string{"version", "--client"}, "Client Version: v1.36.3"}, "etcd": {[]string{"--version"}, "etcd Version: 3.6.16"},
		"etcdctl": {[]string{"version"}, "etcdctl version: 3.6.16"}, "etcdutl": {[]string{"version"}, "etcdutl version: 3.6.16"},
	} {
		out, err := exec.CommandContext(t.Context(), program(t, name), c.args...).Output()
		if err != nil || !slices.Contains(strings.Split(strings.TrimSpace(string(out)), "\n"), c.says) {
			t.Errorf("%s %v says %q, %v; want a line %q", name, c.args, out, err, c.says)
		}
	}
	entries, err := os.ReadDir(os.Getenv(kubernetesVariable))
	if err != nil || len(entries) != 10 {
		t.Errorf("%d programs stand there, %v; want the ten above", len(entries), err)
	}
}
