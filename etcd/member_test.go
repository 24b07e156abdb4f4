package etcd

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"hardway/artifact"
	"hardway/cluster"
)

type member struct {
	t    *testing.T
	node cluster.Node
	root string
	unit artifact.File

	process *exec.Cmd
	exited  chan struct{}
	log     *bytes.Buffer
	ready   net.PacketConn
}

func (m *member) empty(dir string) bool {
	entries, err := os.ReadDir(m.path(dir))
	return err != nil || len(entries) == 0
}

func (m *member) armed() bool {
	_, err := os.Stat(m.path(BootstrapPath))
	return err == nil
}

// arm writes what lets a member without data start: BootstrapEnv, or what a person writes for an added member.
func (m *member) arm(state string) {
	m.t.Helper()
	f := BootstrapEnv()
	if state != "new" {
		f.Content = artifact.Bytes([]byte(stateVariable + "=" + state + "\n"))
	}
	m.deliver([]artifact.File{f})
}

func (m *member) path(onHost string) string { return filepath.Join(m.root, onHost) }

// deliver writes files below the member's root; owners are left out.
func (m *member) deliver(files []artifact.File) {
	m.t.Helper()
	for _, f := range files {
		if f.IsDir() {
			if err := os.MkdirAll(m.path(f.Path), f.Mode.Perm()|0o700); err != nil {
				m.t.Fatal(err)
			}
			continue
		}
		data, err := artifact.ReadAll(f.Content)
		if err != nil {
			m.t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(m.path(f.Path)), 0o700); err != nil {
			m.t.Fatal(err)
		}
		if err := os.WriteFile(m.path(f.Path), data, f.Mode.Perm()); err != nil {
			m.t.Fatal(err)
		}
	}
}

// splitCommand takes an ExecStart apart as systemd does where nothing is quoted.
func splitCommand(value string) []string {
	return strings.Fields(strings.ReplaceAll(value, "\\\n", " "))
}

// start does what systemd does with the unit: its assertions, its environment, its command.
func (m *member) start() {
	m.t.Helper()
	if !m.mayStart() {
		m.t.Fatalf("systemd does not start %s: its assertions fail", m.node.Name)
	}
	words, environment := command(m.t, m.unit)
	for i, word := range words[1:] {
		if name, value, ok := strings.Cut(word, "=/"); ok {
			words[i+1] = name + "=" + m.path("/"+value)
		}
	}
	if data, err := os.ReadFile(m.path(BootstrapPath)); err == nil {
		environment = append(environment, strings.Fields(string(data))...)
	}
	m.listen()
	m.log, m.exited = &bytes.Buffer{}, make(chan struct{})
	m.process = exec.Command(os.Args[0], words[1:]...)
	m.process.Env = append(environment, asEtcd+"=1", "NOTIFY_SOCKET="+m.ready.LocalAddr().String(), "PATH="+os.Getenv("PATH"))
	m.process.Stdout, m.process.Stderr = m.log, m.log
	m.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := m.process.Start(); err != nil {
		m.t.Fatal(err)
	}
	go func(process *exec.Cmd, exited chan struct{}) {
		_ = process.Wait()
		close(exited)
	}(m.process, m.exited)
}

// listen opens the socket that systemd gives to units with Type=notify.
func (m *member) listen() {
	m.t.Helper()
	dir, err := os.MkdirTemp("", "notify")
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { _ = os.RemoveAll(dir) })
	m.ready, err = net.ListenPacket("unixgram", filepath.Join(dir, "socket"))
	if err != nil {
		m.t.Fatal(err)
	}
}

// awaitReady waits for READY=1, as systemd does, and then does the unit's ExecStartPost.
func (m *member) awaitReady() {
	m.t.Helper()
	buffer := make([]byte, 256)
	_ = m.ready.SetReadDeadline(time.Now().Add(30 * time.Second))
	for {
		n, _, err := m.ready.ReadFrom(buffer)
		if err != nil {
			m.t.Fatalf("%s did not get ready: %v\n%s", m.node.Name, err, m.log)
		}
		if strings.Contains(string(buffer[:n]), "READY=1") {
			m.startPost()
			return
		}
	}
}

// startPost runs ExecStartPost: taking the file off that the member was armed with.
func (m *member) startPost() {
	m.t.Helper()
	options, err := artifact.Unit(m.unit)
	if err != nil {
		m.t.Fatal(err)
	}
	for _, o := range options {
		if o.Name != "ExecStartPost" {
			continue
		}
		words := strings.Fields(strings.TrimPrefix(o.Value, "+"))
		last := len(words) - 1
		words[last] = m.path(words[last])
		if output, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
			m.t.Fatalf("%s: %v\n%s", o.Value, err, output)
		}
	}
}

// kill ends the process at once, as a power cut does.
func (m *member) kill() {
	if m.process == nil {
		return
	}
	_ = m.process.Process.Kill()
	<-m.exited
	m.process = nil
}

// awaitExit waits until the process has ended by itself, and returns what it logged.
func (m *member) awaitExit() string {
	m.t.Helper()
	select {
	case <-m.exited:
		return m.log.String()
	case <-time.After(30 * time.Second):
		m.t.Fatalf("%s is still running", m.node.Name)
		return ""
	}
}

// stop ends the process, if it runs, and waits for it.
func (m *member) stop() {
	if m.process == nil {
		return
	}
	_ = m.process.Process.Signal(syscall.SIGTERM)
	select {
	case <-m.exited:
	case <-time.After(10 * time.Second):
		_ = m.process.Process.Kill()
		<-m.exited
	}
	m.process = nil
}

// wipe empties the data directory.
func (m *member) wipe() {
	m.t.Helper()
	if err := os.RemoveAll(m.path(DataDir)); err != nil {
		m.t.Fatal(err)
	}
	if err := os.Mkdir(m.path(DataDir), 0o700); err != nil {
		m.t.Fatal(err)
	}
}

// awaitLog waits until the member has begun its write-ahead log.
func (m *member) awaitLog() {
	m.t.Helper()
	for range 200 {
		if !m.empty(LogDir) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	m.t.Fatalf("%s begins no log:\n%s", m.node.Name, m.log)
}
