package remote

import (
	"context"
	"io"
	"net"
	"syscall"
	"testing"
)

// TestConnectionsAcknowledgeAtOnce asks the kernel, after a question and its answer, whether the next acknowledgement
// would be put off: an ordinary connection has become one where it is.
func TestConnectionsAcknowledgeAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		dial   func(context.Context, string, string) (net.Conn, error)
		atOnce int
	}{
		"an ordinary connection": {(&net.Dialer{}).DialContext, 0},
		"a connection to a host": {dialTCP, 1},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := c.dial(t.Context(), "tcp", echo(t))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			buffer := make([]byte, 8)
			for range 50 {
				if _, err := conn.Write(buffer); err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadFull(conn, buffer); err != nil {
					t.Fatal(err)
				}
			}
			if got := quickAck(t, conn); got != c.atOnce {
				t.Errorf("acknowledges at once: %d, want %d", got, c.atOnce)
			}
		})
	}
}

// echo is the address of a server that sends back what it gets from one client.
func echo(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.Copy(conn, conn)
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
	})
	return listener.Addr().String()
}

func quickAck(t *testing.T, conn net.Conn) (set int) {
	t.Helper()
	if p, ok := conn.(prompt); ok {
		conn = p.Conn
	}
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var inner error
	err = raw.Control(func(fd uintptr) {
		set, inner = syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_QUICKACK)
	})
	if err != nil || inner != nil {
		t.Fatal(err, inner)
	}
	return set
}
