package remote_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"hardway/artifact"
	"hardway/remote"
	"hardway/test/sshd"
)

// Files larger than what SSH sends ahead, to a server that takes nothing in: the host itself is well, so nothing but the
// context ends the wait.
func TestStageToAServerThatHangsEndsWithItsContext(t *testing.T) {
	h := startHost(t, sshd.Options{})
	client, dir := h.dial(t), t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	source := filepath.Join(t.TempDir(), "source")
	must(t, os.WriteFile(source, []byte(strings.Repeat("x", 8<<20)), 0o600))
	// All of them are on their way before the server hangs: together they are more than the host makes room for.
	var files []artifact.File
	var begun sync.WaitGroup
	var once sync.Once
	for i := range 4 {
		begun.Add(1)
		f := file(fmt.Sprintf("%s/big%d", dir, i), "", 0o600)
		f.Content = hookedFile{artifact.FromFile(source), source, func() {
			begun.Done()
			begun.Wait()
			once.Do(func() { h.Freeze("sftp-server"); time.AfterFunc(500*time.Millisecond, cancel) })
		}}
		files = append(files, f)
	}
	ended := make(chan error, 1)
	go func() { _, err := client.Stage(ctx, files); ended <- err }()
	select {
	case err := <-ended:
		h.refuses(t, err)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want %v", err, context.Canceled)
		}
	case <-time.After(20 * time.Second):
		t.Error("still waiting")
	}
	if left := tree(t, dir); len(left) != 0 {
		t.Errorf("it left %v", paths(left))
	}
	h.Thaw()
}

// hookedFile is a local file, which is sent in many pieces at once, unlike content of unknown size.
type hookedFile struct {
	artifact.Content
	path   string
	opened func()
}

// Open tells, and opens the file.
func (h hookedFile) Open() (io.ReadCloser, error) {
	h.opened()
	return os.Open(h.path)
}

func TestCloseDoesNotWaitForAJumpHostThatVanished(t *testing.T) {
	h := startHost(t, sshd.Options{})
	jump := startHost(t, sshd.Options{Authorized: []string{authorizedLine(t, h.IdentityFile)}})
	h.trust(t, h.KnownHostsLines(h.HostKeys...)+jump.KnownHostsLines(jump.HostKeys...))
	h.settings.Jump = []string{jump.Endpoint()}
	line := &deafLine{}
	h.options.Connect = line.connect
	client, err := remote.NewDialer(h.options).Dial(t.Context(), h.node)
	must(t, err)
	line.cut()
	closed := make(chan struct{})
	go func() { _ = client.Close(); close(closed) }()
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		t.Error("still waiting")
	}
}

// A host that lost power sends nothing, not even an error.
func TestVanishedHostIsNoticed(t *testing.T) {
	h := startHost(t, sshd.Options{SFTP: "/bin/sleep 1000"})
	line := &deafLine{}
	h.options.Keepalive = 50 * time.Millisecond
	h.options.Connect = line.connect
	client := h.dial(t)
	failed := make(chan error, 3)
	go func() { _, err := client.ReadFile(context.Background(), h.KnownHosts); failed <- err }()
	line.cut()
	go func() { failed <- client.Do(context.Background(), remote.Remove("/nonexistent/file")) }()
	go func() { _, err := client.Dial(context.Background(), "tcp", h.Endpoint()); failed <- err }()
	for range cap(failed) {
		select {
		case err := <-failed:
			h.refuses(t, err, "not answered")
		case <-time.After(20 * time.Second):
			t.Fatal("still waiting for a host that vanished")
		}
	}
}

// deafLine is a connection that can be cut without either side being told.
type deafLine struct {
	net.Conn
	cutting, closing sync.Once
	gone, closed     chan struct{}
}

func (d *deafLine) connect(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	d.Conn, d.gone, d.closed = conn, make(chan struct{}), make(chan struct{})
	return d, err
}

func (d *deafLine) cut() { d.cutting.Do(func() { close(d.gone) }) }

// Close lets a writer go, as the kernel does.
func (d *deafLine) Close() error {
	d.closing.Do(func() { close(d.closed) })
	return d.Conn.Close()
}

// Write waits for room that never comes, once the line is cut.
func (d *deafLine) Write(p []byte) (int, error) {
	select {
	case <-d.gone:
		<-d.closed
		return 0, net.ErrClosed
	default:
		return d.Conn.Write(p)
	}
}

// Read gives nothing any more once the line is cut, until it is closed.
func (d *deafLine) Read(p []byte) (int, error) {
	for {
		n, err := d.Conn.Read(p)
		select {
		case <-d.gone:
			if err == nil {
				continue
			}
		default:
		}
		return n, err
	}
}
