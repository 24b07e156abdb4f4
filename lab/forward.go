package lab

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"path"
	"strconv"

	"golang.org/x/crypto/ssh"
)

// forwarder opens connections for clients: to loopback addresses, and to sockets below the host's folder.
type forwarder struct{ tree *tree }

// tcp is RFC 4254, section 7.2.
func (f forwarder) tcp(ctx context.Context, offer ssh.NewChannel) {
	var asked struct {
		Host       string
		Port       uint32
		OriginHost string
		OriginPort uint32
	}
	if err := ssh.Unmarshal(offer.ExtraData(), &asked); err != nil {
		_ = offer.Reject(ssh.ConnectionFailed, "malformed request")
		return
	}
	addr, err := netip.ParseAddr(asked.Host)
	if asked.Host != "localhost" && (err != nil || !addr.IsLoopback()) {
		_ = offer.Reject(ssh.Prohibited, "this host forwards to loopback addresses only")
		return
	}
	f.join(ctx, offer, "tcp", net.JoinHostPort(asked.Host, strconv.FormatUint(uint64(asked.Port), 10)))
}

// unix is OpenSSH's direct-streamlocal: https://github.com/openssh/openssh-portable/blob/master/PROTOCOL, section 2.4.
func (f forwarder) unix(ctx context.Context, offer ssh.NewChannel) {
	var asked struct {
		Path     string
		Reserved string
		Zero     uint32
	}
	if err := ssh.Unmarshal(offer.ExtraData(), &asked); err != nil {
		_ = offer.Reject(ssh.ConnectionFailed, "malformed request")
		return
	}
	at, err := f.tree.resolve(asked.Path, true)
	if err != nil {
		_ = offer.Reject(ssh.ConnectionFailed, err.Error())
		return
	}
	dir, err := f.tree.root.Open(path.Dir(at))
	if err != nil {
		_ = offer.Reject(ssh.ConnectionFailed, err.Error())
		return
	}
	defer dir.Close()
	// Through the open directory, because a socket's own path may have no more than 107 bytes.
	f.join(ctx, offer, "unix", fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), path.Base(at)))
}

func (f forwarder) join(ctx context.Context, offer ssh.NewChannel, network, address string) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		_ = offer.Reject(ssh.ConnectionFailed, err.Error())
		return
	}
	defer conn.Close()
	channel, requests, err := offer.Accept()
	if err != nil {
		return
	}
	defer channel.Close()
	go ssh.DiscardRequests(requests)
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	back := make(chan struct{})
	go func() {
		defer close(back)
		_, _ = io.Copy(channel, conn)
		_ = channel.CloseWrite()
	}()
	_, _ = io.Copy(conn, channel)
	closeWrite(conn)
	<-back
}

func closeWrite(conn net.Conn) {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}
