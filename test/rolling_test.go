package test

import (
	"crypto/rand"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hardway/cluster"
	"hardway/haproxy"
	"hardway/lab"
)

// balanced is three masters and a balancer with real HAProxy; binDir holds what masters find besides etcd.
func balanced(t *testing.T, binDir string) *rehearsal {
	t.Helper()
	addresses, err := lab.FreeAddresses(4, rand.Reader, sshPort)
	must(t, err)
	masters, balancer := mastersAt(addresses[:3]), addresses[3]
	front := lab.Host{Name: "haproxy", Address: balancer, Packages: []string{"haproxy"}, Roles: []cluster.Role{cluster.RoleLoadBalancer}}
	return rehearseOn(t, append(masters, front), balancer, binDir, fmt.Sprintf("loadBalancer: {statsListen: \"%s:9000\"}", balancer))
}

// socket asks the balancer's HAProxy something on its runtime socket.
func (r *rehearsal) socket(command string) string {
	r.t.Helper()
	dir, err := os.Open(filepath.Join(r.Root("haproxy"), filepath.Dir(haproxy.Socket)))
	must(r.t, err)
	defer dir.Close()
	conn, err := net.Dial("unix", fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(haproxy.Socket)))
	must(r.t, err)
	defer conn.Close()
	_, err = fmt.Fprintln(conn, command)
	must(r.t, err)
	var answer strings.Builder
	buffer := make([]byte, 4096)
	for {
		n, err := conn.Read(buffer)
		answer.Write(buffer[:n])
		if err != nil {
			return answer.String()
		}
	}
}

// administered is the admin state that HAProxy gives a server: 0 for none, 8 for drained.
func (r *rehearsal) administered(server string) string {
	r.t.Helper()
	for line := range strings.Lines(r.socket("show servers state " + haproxy.Backend)) {
		if words := strings.Fields(line); len(words) > 6 && words[3] == server {
			return words[6]
		}
	}
	r.t.Fatalf("HAProxy knows no %s", server)
	return ""
}

// processes is the main process of every unit that runs, by host and unit.
func (r *rehearsal) processes() map[string]int {
	running := map[string]int{}
	for _, u := range r.Status() {
		if u.PID > 0 {
			running[u.Host+" "+u.Unit] = u.PID
		}
	}
	return running
}

// A member that is down keeps the gate before the first change shut: nothing is touched anywhere.
func TestStoppedMemberStopsTheRunBeforeAnythingChanges(t *testing.T) {
	r := rehearse(t)
	r.up()
	r.edit("gateTimeout: 30s", "gateTimeout: 3s")
	r.trustMore()
	r.systemctl("kmaster3", "stop", etcdUnit)
	state, running := r.deliveredState(), r.processes()
	got := r.exits(1, "apply", "etcd", "--only", "kmaster1,kmaster2")
	for _, want := range []string{"the run stopped at this host: nothing on it was touched", "the cluster was not healthy within 3s", "kmaster3", "hint:"} {
		if !strings.Contains(got.errors, want) {
			t.Errorf("the message does not say %q:\n%s", want, got.errors)
		}
	}
	if after := r.deliveredState(); !maps.Equal(state, after) {
		t.Error("files changed on hosts")
	}
	if after := r.processes(); !maps.Equal(running, after) {
		t.Errorf("processes %v, before %v", after, running)
	}
	r.exits(0, "apply", "etcd")
	r.exits(0, "etcd", "verify")
}

func TestBalancerStartsReloadsAndIsNotRestartedForAReload(t *testing.T) {
	r := balanced(t, "")
	r.up()
	pid := r.processes()["haproxy haproxy.service"]
	if pid == 0 {
		t.Fatalf("HAProxy does not run: %v", r.Status())
	}
	if again := r.exits(0, "apply", "haproxy"); !strings.Contains(again.out, "nothing was done") {
		t.Errorf("a second run does something:\n%s", again.out)
	}
	r.edit("statsListen: \"", "statsUser: someone, statsListen: \"")
	r.exits(0, "render", "all")
	actions := map[string]string{}
	for _, c := range r.json(0, "apply", "haproxy").Changes {
		actions[c.Subject] = c.Action
	}
	if actions["haproxy.service"] != "reload" || actions[haproxy.ConfigPath] != "update" {
		t.Errorf("want the configuration updated and HAProxy reloaded, got %v", actions)
	}
	if after := r.processes()["haproxy haproxy.service"]; after != pid {
		t.Errorf("HAProxy was restarted: process %d, before %d", after, pid)
	}
}

// A server that a run left drained when it was killed gets its clients again by the next one, which says so.
func TestServerThatWasLeftDrainedIsRepaired(t *testing.T) {
	r := balanced(t, "")
	r.up()
	r.socket("disable health apiservers/kmaster2; set server apiservers/kmaster2 state drain")
	if state := r.administered("kmaster2"); state != "8" {
		t.Fatalf("the server is not drained: %s", state)
	}
	if dry := r.exits(0, "apply", "etcd", "--dry-run"); !strings.Contains(dry.out, "undrain") || r.administered("kmaster2") != "8" {
		t.Errorf("the dry run does not show the repair, or makes it:\n%s", dry.out)
	}
	doc := r.json(0, "apply", "etcd")
	if len(doc.Changes) != 1 || doc.Changes[0].Host != "haproxy" || doc.Changes[0].Subject != "kmaster2" || doc.Changes[0].Action != "undrain" {
		t.Errorf("changes: %+v", doc.Changes)
	}
	if state := r.administered("kmaster2"); state != "0" {
		t.Errorf("the server's state is %s", state)
	}
}
