//go:build e2e

package test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
)

// machinesAreReset takes everything off machines again: they are then as they were before the first up, and fit for another.
// What a reset goes by is on the machines, so the work directory is emptied in between. Pods run on them.
func machinesAreReset(t *testing.T, m *machines, before map[string]map[string]bool) {
	m.ssh("kmaster1", "systemctl", "start", "hardway-etcd-snapshot")
	refused := m.exits(1, "reset", "--yes", "--only", "kmaster1")
	if !strings.Contains(refused.errors, "hardway hosts remove kmaster1") {
		t.Errorf("a member of a running cluster: %s", refused.errors)
	}
	m.keepOnly("cluster.yaml", "known_hosts", "id_ed25519", "bin", "machines", ".gitignore")
	m.exits(0, "reset", "--yes")
	samePortraits(t, before, m.portraits(), "/var/lib/etcd-snapshots")
	if got := m.ssh("kmaster1", "stat -c %U /var/lib/etcd-snapshots/*"); got != "root" {
		t.Errorf("snapshots that stay are those of %s", got)
	}
	m.exits(0, "reset", "--yes")

	m.exits(0, "up")
	nodesAreReady(t, &controlPlane{rehearsal: m.rehearsal})
	m.exits(0, "reset", "--yes", "--snapshots")
	if got := m.ssh("kmaster1", "ls /var/lib/etcd-snapshots"); got != "" {
		t.Errorf("snapshots that nobody wants are still there: %s", got)
	}
}

// portrait prints a machine, a line for each thing: what stands on its disk, units, users, network, mounts, containers. What
// changes by itself, and images, are left out.
const portrait = `
export LC_ALL=C
systemctl is-system-running --wait >/dev/null
for root in / /var/lib/etcd /var/lib/kubelet; do
 find $root -xdev \( -path /proc -o -path /sys -o -path /dev -o -path /run -o -path /tmp -o -path /var/log/journal -o -path /var/tmp \
  -o -path /var/lib/containerd -o -path /var/lib/systemd -o -path /var/cache -o -path /usr/local/lib/hardway-lab \) -prune -o -printf 'file %p %y %m %U:%G %l\n'
done
find /etc /usr/local /opt /root /home /var/lib/cni /var/lib/kubelet /var/lib/etcd -xdev -type f ! -name '*-' -exec sha256sum {} + 2>/dev/null | sed 's/^/content /'
systemctl list-unit-files --no-legend --no-pager --type=service,timer,socket | sed 's/  */ /g; s/^/unit-file /'
systemctl list-units --all --plain --no-legend --no-pager --type=service,timer,socket | awk '{print "unit", $1, $2, $3}' | grep -v 'ssh@\|systemd-\|session'
getent passwd | sed 's/^/user /'; getent group | sed 's/^/group /'
nft list ruleset 2>/dev/null | sed 's/ # handle.*//; s/counter packets [0-9]* bytes [0-9]*/counter/; s/^/nft /'
ip -o link | sed 's/^[0-9]*: \([^:@]*\).*/link \1/'; ip route | sed 's/^/route /'; ip -6 route show table all | grep -v fe80 | sed 's/ metric.*//; s/^/route6 /'
awk '{print "mount", $2, $3}' /proc/self/mounts | grep -v '/run/credentials\|/var/lib/containerd'
ctr --namespace k8s.io containers list -q | sed 's/^/container /'; ctr --namespace k8s.io tasks list -q | sed 's/^/task /'
ss -Hltn | awk '{print "listens", $4}' | grep -v '127.0.0.1:[3-6]....$' # containerd streams there, and chooses anew
ls /run/netns 2>/dev/null | sed 's/^/netns /'; ls -d /run/hardway 2>/dev/null; true
`

// portraits is every machine's, by line.
func (m *machines) portraits() map[string]map[string]bool {
	m.t.Helper()
	all := map[string]map[string]bool{}
	var mu sync.Mutex
	var each sync.WaitGroup
	for _, n := range m.spec.Hosts {
		each.Go(func() {
			lines := m.portrait(n.Name)
			mu.Lock()
			defer mu.Unlock()
			all[n.Name] = lines
		})
	}
	each.Wait()
	return all
}

// portrait is a machine's, once it has booted.
func (m *machines) portrait(host string) map[string]bool {
	m.t.Helper()
	lines := map[string]bool{}
	for line := range strings.Lines(m.ssh(host, portrait)) {
		lines[strings.TrimSpace(line)] = true
	}
	return lines
}

// samePortraits wants every line of before, and no other but about what is said to stay.
func samePortraits(t *testing.T, before, after map[string]map[string]bool, stays string) {
	t.Helper()
	for _, host := range slices.Sorted(maps.Keys(before)) {
		if len(before[host]) < 1000 {
			t.Fatalf("%s was seen as %d lines", host, len(before[host]))
		}
		var lines []string
		for line := range before[host] {
			if !after[host][line] {
				lines = append(lines, "- "+line)
			}
		}
		for line := range after[host] {
			if !before[host][line] && !strings.Contains(line, stays) {
				lines = append(lines, "+ "+line)
			}
		}
		slices.SortFunc(lines, func(a, b string) int { return strings.Compare(a[2:], b[2:]) })
		if len(lines) > 0 {
			t.Errorf("%s is not as it was:\n%s", host, strings.Join(lines[:min(len(lines), 60)], "\n"))
		}
	}
	t.Log(fmt.Sprint(len(before), " machines compared"))
}
