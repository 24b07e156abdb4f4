package remote

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"golang.org/x/crypto/ssh"
)

// socketScript joins its standard input and output with a socket, whatever program of the host can: Debian and Ubuntu
// always have perl, the family of Red Hat a python.
//
//go:embed socket.sh
var socketScript string

// dialSocket opens a socket on the host. sshd does so as the user who logged in; where that is not root, or sshd may not
// forward sockets, a program on the host does.
func (c *Client) dialSocket(ctx context.Context, path string) (net.Conn, error) {
	if !c.sudo {
		conn, err := c.ssh.DialContext(ctx, "unix", path)
		if _, refused := errors.AsType[*ssh.OpenChannelError](err); !refused {
			return conn, err
		}
		// OpenSSH gives the same answer where it may not forward and where nothing listens. The program knows which.
	}
	if err := c.elevate(ctx); err != nil {
		return nil, err
	}
	conn := &socketConn{ended: make(chan error, 1), path: path}
	err := within(ctx, func() (err error) {
		if conn.session, err = c.ssh.NewSession(); err != nil {
			return err
		}
		in, errIn := conn.session.StdinPipe()
		out, errOut := conn.session.StdoutPipe()
		conn.in, conn.out, conn.session.Stderr = in, out, &conn.stderr
		line := "sh -c " + quote(socketScript) + " hardway-socket " + quote(path)
		return errors.Join(errIn, errOut, c.startAsRoot(conn.session, in, line, conn.ended))
	})
	if err != nil {
		return nil, err
	}
	return conn, nil
}

// socketConn is a session whose standard input and output are a socket on the host.
type socketConn struct {
	session *ssh.Session
	in      io.WriteCloser
	out     io.Reader
	stderr  tail
	ended   chan error
	path    string
}

// Read gives what the other side sends. A program that could not reach the socket says so at the end.
func (s *socketConn) Read(p []byte) (int, error) {
	n, err := s.out.Read(p)
	if errors.Is(err, io.EOF) {
		if exit := <-s.ended; exit != nil {
			s.ended <- exit
			return n, fmt.Errorf("failed to reach %s: %s", s.path, s.stderr.String())
		}
		s.ended <- nil
	}
	return n, err
}

func (s *socketConn) Write(p []byte) (int, error) { return s.in.Write(p) }

// CloseWrite says that nothing more is sent.
func (s *socketConn) CloseWrite() error { return s.in.Close() }

func (s *socketConn) Close() error { return s.session.Close() }

func (s *socketConn) LocalAddr() net.Addr  { return &net.UnixAddr{Net: "unix"} }
func (s *socketConn) RemoteAddr() net.Addr { return &net.UnixAddr{Name: s.path, Net: "unix"} }

// Deadlines are not offered: closing ends what waits.
func (s *socketConn) SetDeadline(time.Time) error      { return errNoDeadline }
func (s *socketConn) SetReadDeadline(time.Time) error  { return errNoDeadline }
func (s *socketConn) SetWriteDeadline(time.Time) error { return errNoDeadline }

var errNoDeadline = errors.New("a socket over SSH has no deadlines")
