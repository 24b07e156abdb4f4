package check_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"hardway/cluster"
	"hardway/remote"
	"hardway/test/sample"
	"hardway/test/sshd"
)

// space is namespaces of network, hostname and mounts that live as long as the test: a machine as far as the network is
// concerned.
type space struct {
	t   *testing.T
	pid int
}

// newSpace makes one and runs a script in it. Nothing in it is seen from outside. A socket stands where HAProxy's would.
func newSpace(t *testing.T, script string) space {
	t.Helper()
	hold := exec.Command("unshare", "--net", "--uts", "--mount", "--propagation", "private", "sh", "-ec",
		"mount -t tmpfs tmpfs /run\n"+script+"\nip link set lo up\nmkdir -p /run/haproxy\necho ready\nexec systemd-socket-activate -l /run/haproxy/admin.sock sleep infinity")
	hold.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := hold.StdoutPipe()
	if err == nil {
		err = hold.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = hold.Process.Kill()
		_ = hold.Wait()
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("the namespaces did not come up: %q, %v", line, err)
	}
	return space{t, hold.Process.Pid}
}

// enter is the words before a command that runs inside.
func (s space) enter() []string {
	return []string{"nsenter", "--target", fmt.Sprint(s.pid), "--net", "--uts", "--mount"}
}

// run runs a script inside and gives what it prints.
func (s space) run(script string) string {
	s.t.Helper()
	words := append(s.enter(), "sh", "-ec", script)
	out, err := exec.CommandContext(s.t.Context(), words[0], words[1:]...).CombinedOutput()
	if err != nil {
		s.t.Fatalf("%s: %v: %s", script, err, out)
	}
	return string(out)
}

// connect dials from inside.
func (s space) connect(ctx context.Context, network, address string) (conn net.Conn, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		outside, errOutside := os.Open("/proc/thread-self/ns/net")
		inside, errInside := os.Open(fmt.Sprintf("/proc/%d/ns/net", s.pid))
		if err = errors.Join(errOutside, errInside); err != nil {
			return
		}
		defer outside.Close()
		defer inside.Close()
		if err = unix.Setns(int(inside.Fd()), unix.CLONE_NEWNET); err == nil {
			conn, err = (&net.Dialer{}).DialContext(ctx, network, address)
		}
		// A thread that did not get back ends with the goroutine, and takes along what it has started.
		if unix.Setns(int(outside.Fd()), unix.CLONE_NEWNET) == nil {
			runtime.UnlockOSThread()
		}
	}()
	<-done
	return conn, err
}

// machine is a host with a network stack of its own and a real OpenSSH server.
type machine struct {
	space
	server *sshd.Server
}

// network is the sample's cluster on machines of its own, joined by a switch where the operator stands, too.
type network struct {
	operator space
	spec     *cluster.Spec
	machines map[string]*machine
}

// joined starts a machine for each of the hosts; config is lines of sshd_config for one of them.
func joined(t *testing.T, hosts []cluster.Node, config map[string][]string) *network {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("only root may make network namespaces in which sshd runs: run these tests as root")
	}
	n := &network{machines: map[string]*machine{}}
	n.operator = newSpace(t, "ip link add switch type bridge\nip address add 10.77.0.1/24 dev switch\nip link set switch up")
	known := filepath.Join(t.TempDir(), "known_hosts")
	for i, node := range hosts {
		m := n.add(t, i, node, config[node.Name])
		n.machines[node.Name] = m
		hosts[i].SSH = m.server.SSH()
		lines, err := os.ReadFile(m.server.KnownHosts)
		if err == nil {
			err = appendTo(known, lines)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	n.spec = sample.Spec(t, func(s *cluster.Spec) {
		s.Hosts, s.LoadBalancer.VirtualIP, s.Endpoint.Host = hosts, "", hosts[len(hosts)-1].PrimaryAddress()
	})
	for _, m := range n.machines {
		m.server.KnownHosts = known
	}
	return n
}

func appendTo(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.Write(data)
	return err
}

// add starts one machine. What is its own is mounted over what is this machine's.
func (n *network) add(t *testing.T, i int, node cluster.Node, config []string) *machine {
	t.Helper()
	id := filepath.Join(t.TempDir(), "machine-id")
	if err := os.WriteFile(id, fmt.Appendf(nil, "%032x\n", 4096+i), 0o644); err != nil {
		t.Fatal(err)
	}
	m := &machine{}
	m.space = newSpace(t, strings.Join([]string{
		"hostname " + node.Name, "mount --bind " + id + " /etc/machine-id",
		"mount -t sysfs sysfs /sys", "mount -t tmpfs tmpfs /var/lib",
		"mkdir -p /run/sshd /run/systemd/system",
	}, "\n"))
	n.operator.run(fmt.Sprintf("ip link add port%d type veth peer name eth0 netns %d\nip link set port%d master switch up", i, m.pid, i))
	m.run("ip address add " + node.PrimaryAddress() + "/24 dev eth0\nip link set eth0 up\nip route add default via 10.77.0.1")
	m.server = sshd.Start(t, sshd.Options{Address: node.PrimaryAddress(), Port: 22, Under: m.enter(), Config: config})
	return m
}

// dial logs in to a machine as the operator.
func (n *network) dial(t *testing.T, name string) *remote.Client {
	t.Helper()
	m := n.machines[name]
	client, err := remote.NewDialer(remote.Options{
		SSH: n.spec.SSHFor, KnownHosts: m.server.KnownHosts, Home: t.TempDir(), Connect: n.operator.connect,
	}).Dial(t.Context(), sample.Node(t, n.spec, name))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}
