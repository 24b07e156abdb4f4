package remote_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"hardway/cluster"
	"hardway/remote"
	"hardway/test/sshd"
)

func TestUnreachableHost(t *testing.T) {
	h := startHost(t, sshd.Options{})
	h.Close()
	h.refuses(t, h.dialFails(t), h.Endpoint(), "refused", "sshd")
	_, err := remote.NewDialer(h.options).HostKey(t.Context(), h.node)
	h.refuses(t, err, h.Endpoint())
}

func TestHostThatNeverAnswers(t *testing.T) {
	h := startHost(t, sshd.Options{})
	h.listenInstead(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	h.settings.Timeout = cluster.Duration{Duration: 100 * time.Millisecond}
	began := time.Now()
	h.refuses(t, h.dialFails(t), "no answer", "100ms", "ssh.timeout")
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("gave up after %v", took)
	}
}

func TestPortThatSpeaksSomethingElse(t *testing.T) {
	h := startHost(t, sshd.Options{})
	h.listenInstead(t, func(conn net.Conn) { _, _ = conn.Write([]byte("220 mail.example.com ESMTP\r\n")) })
	h.refuses(t, h.dialFails(t), "does an SSH server listen")
}

func TestDialEndsWithItsContext(t *testing.T) {
	h := startHost(t, sshd.Options{})
	greeted := make(chan struct{})
	h.listenInstead(t, func(conn net.Conn) { close(greeted); _, _ = io.Copy(io.Discard, conn) })
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-greeted; cancel() }()
	_, err := remote.NewDialer(h.options).Dial(ctx, h.node)
	h.refuses(t, err, "stopped")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want %v", err, context.Canceled)
	}
}

func TestJumpHosts(t *testing.T) {
	h := startHost(t, sshd.Options{})
	// One key for the whole way: that of the last host, let in by all.
	mine := sshd.Options{Authorized: []string{authorizedLine(t, h.IdentityFile)}}
	jump, second := startHost(t, mine), startHost(t, mine)
	trustAll := func() {
		h.trust(t, h.KnownHostsLines(h.HostKeys...)+jump.KnownHostsLines(jump.HostKeys...)+second.KnownHostsLines(second.HostKeys...))
	}
	trustAll()
	h.settings.Jump = []string{jump.User + "@" + jump.Endpoint(), second.Endpoint()}
	client := h.dial(t)
	must(t, client.Do(t.Context(), remote.Remove("/nonexistent/file")))
	for _, s := range []*testHost{jump, second} {
		if !strings.Contains(s.Log(), "server_request_direct_tcpip") {
			t.Errorf("the way does not lead through %s", s.Endpoint())
		}
	}
	must(t, client.Close())
	for _, s := range []*testHost{jump, second} {
		eventually(t, "the connection to the jump host has ended", func() bool { return strings.Contains(s.Log(), "Closing connection to") })
	}
	t.Run("key is shown through them", func(t *testing.T) {
		shown, err := remote.NewDialer(h.options).HostKey(t.Context(), h.node)
		if err != nil || !shown.Trusted {
			t.Errorf("got %+v, %v", shown, err)
		}
	})
	t.Run("unknown", func(t *testing.T) {
		h.trust(t, h.KnownHostsLines(h.HostKeys...)+jump.KnownHostsLines(jump.HostKeys...))
		h.refuses(t, h.dialFails(t), "jump host "+second.Endpoint(), "not known", "hardway hosts trust")
	})
	t.Run("gone", func(t *testing.T) {
		trustAll()
		second.Close()
		h.refuses(t, h.dialFails(t), "jump host "+second.Endpoint())
	})
}

func TestForwardingReachesWhatTheHostReaches(t *testing.T) {
	h := startHost(t, sshd.Options{})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer listener.Close()
	go func() {
		if conn, err := listener.Accept(); err == nil {
			_, _ = conn.Write([]byte("hello"))
			_ = conn.Close()
		}
	}()
	client := h.dial(t)
	conn, err := client.Dial(t.Context(), "tcp", listener.Addr().String())
	must(t, err)
	if said, err := io.ReadAll(conn); string(said) != "hello" || err != nil {
		t.Errorf("got %q, %v", said, err)
	}
	must(t, conn.Close())
	must(t, listener.Close())
	_, err = client.Dial(t.Context(), "tcp", listener.Addr().String())
	h.refuses(t, err, listener.Addr().String())
}

// listenInstead puts something else in the place of the SSH server.
func (h *testHost) listenInstead(t testing.TB, answer func(net.Conn)) {
	t.Helper()
	listener, err := net.Listen("tcp", net.JoinHostPort(h.Address, "0"))
	must(t, err)
	t.Cleanup(func() { listener.Close() })
	h.settings.Port = listener.Addr().(*net.TCPAddr).Port
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			answer(conn)
			_ = conn.Close()
		}
	}()
}

// holdLogin takes a place among those who have not logged in yet.
func holdLogin(t testing.TB, h *testHost) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", h.Endpoint())
	must(t, err)
	// The server's greeting: the place is taken.
	_, err = conn.Read(make([]byte, 1))
	must(t, err)
	return conn
}
