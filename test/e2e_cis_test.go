//go:build e2e

package test

import (
	"encoding/json"
	"io/fs"
	"strconv"
	"strings"
	"testing"

	kubelet "k8s.io/kubelet/config/v1beta1"
	"sigs.k8s.io/yaml"

	"hardway/cluster"
	"hardway/test/cis"
)

// hostsAreHardened walks the CIS checks over a running master and a running worker: their processes and files.
func hostsAreHardened(t *testing.T, m *machines, c *controlPlane) {
	master, worker := m.spec.With(cluster.RoleControlPlane)[0], m.spec.With(cluster.RoleWorker)[0]
	walked := map[string]bool{}
	for _, walk := range []struct {
		host   cluster.Node
		checks []cis.Check
		facts  cis.Host
	}{
		{master, cis.Master(), hardening(m, master.Name, masterUnits...)},
		{worker, cis.Node(), nodeHardening(t, m, c, worker.Name)},
	} {
		for _, check := range walk.checks {
			walked[check.ID] = true
			if unmet := check.Unmet(walk.facts); unmet != "" {
				t.Errorf("%s: CIS %s, %s: %s", walk.host.Name, check.ID, check.Wants, unmet)
			}
		}
	}
	t.Logf("%d checks of the CIS benchmark hold", len(walked))
	if got := m.ssh(master.Name, "curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", "https://127.0.0.1:6443/api"); got != "401" {
		t.Errorf("who says no name gets %s from the API", got)
	}
}

// hardening is what the checks ask for, from the processes of units and the files of a host.
func hardening(m *machines, host string, units ...string) cis.Host {
	h := cis.Host{Processes: map[string]cis.Process{}, Files: map[string]cis.File{}}
	for _, unit := range units {
		at, line, _ := strings.Cut(m.ssh(host, `systemctl show -P FragmentPath `+unit+`; tr '\0' '\n' </proc/$(systemctl show -P MainPID `+unit+`)/cmdline`), "\n")
		h.Processes[strings.TrimSuffix(unit, ".service")] = cis.Process{Unit: at, Flags: cis.Flags(strings.Split(line, "\n"))}
	}
	for line := range strings.Lines(m.ssh(host, `find /etc/kubernetes /etc/systemd/system /etc/cni /var/lib/etcd /var/lib/kubelet/config.yaml -maxdepth 3 -printf '%m %u:%g %p\n' 2>/dev/null || true`)) {
		fields := strings.SplitN(strings.TrimSpace(line), " ", 3)
		mode, err := strconv.ParseUint(fields[0], 8, 32)
		must(m.t, err)
		h.Files[fields[2]] = cis.File{Mode: fs.FileMode(mode), Owner: fields[1]}
	}
	h.Encryption = m.ssh(host, `grep -oE '\b(aescbc|aesgcm|identity|kms|secretbox):' /etc/kubernetes/encryption-config.yaml 2>/dev/null | head -n 1 | tr -d :`)
	return h
}

// nodeHardening is that of a node: the kubelet says itself what it runs with.
func nodeHardening(t *testing.T, m *machines, c *controlPlane, host string) cis.Host {
	h := hardening(m, host, "kubelet.service", "kube-proxy.service")
	var says struct {
		Running *kubelet.KubeletConfiguration `json:"kubeletconfig"`
	}
	must(t, json.Unmarshal([]byte(c.kubectl("admin", "get", "--raw", "/api/v1/nodes/"+host+"/proxy/configz")), &says))
	h.Kubelet = says.Running
	must(t, yaml.Unmarshal([]byte(m.ssh(host, "cat", h.Processes["kube-proxy"].Flags["config"])), &h.KubeProxy))
	return h
}
