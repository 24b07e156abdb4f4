package remote

import (
	"context"
	"net"
	"syscall"
)

// dialTCP opens a connection that acknowledges at once what arrives. OpenSSH leaves Nagle's algorithm on for sessions
// without a terminal: a small answer after a small answer waits until the first is acknowledged, which Linux puts off by
// 40 ms. Opening a session is such a pair, and a delivery opens two.
func dialTCP(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return conn, nil
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return conn, nil //nolint:nilerr // slower, but as good
	}
	return prompt{conn, raw}, nil
}

// prompt is a connection that puts no acknowledgement off.
type prompt struct {
	net.Conn
	raw syscall.RawConn
}

// Read asks again after every read: the kernel goes back to putting off on its own, as tcp(7) says. A refusal costs time,
// nothing else.
func (p prompt) Read(into []byte) (int, error) {
	n, err := p.Conn.Read(into)
	_ = p.raw.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_QUICKACK, 1)
	})
	return n, err
}
