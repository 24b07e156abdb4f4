package remote

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"

	"golang.org/x/crypto/ssh"

	"hardway/cluster"
)

// hop is one SSH server on the way. Host is the node's name, empty for a jump host.
type hop struct{ user, address, host string }

// parseHop reads [user@]host[:port], with the user from the settings where it is left out. IPv6 stands in brackets, or
// bare without a port.
func parseHop(text string, settings cluster.SSH) hop {
	user, address := settings.User, text
	if i := strings.LastIndexByte(text, '@'); i >= 0 {
		user, address = text[:i], text[i+1:]
	}
	if _, _, err := net.SplitHostPort(address); err != nil {
		address = net.JoinHostPort(strings.Trim(address, "[]"), "22")
	}
	return hop{user: user, address: address}
}

// route is logged-in connections, each through the one before it.
type route []*ssh.Client

// Close ends the connections, the nearest first: a farther one can only be told through it, and would wait for a jump host
// that has vanished. One that has ended already is fine.
func (r route) Close() error {
	var errs []error
	for i, conn := range r {
		if err := conn.Close(); i == 0 && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// tunnel logs in to each jump host in turn.
func (d *Dialer) tunnel(ctx context.Context, settings cluster.SSH) (route, error) {
	if len(settings.Jump) == 0 {
		return nil, nil
	}
	login, done, err := d.login(settings)
	if err != nil {
		return nil, err
	}
	defer done()
	var via route
	for _, jump := range settings.Jump {
		conn, err := d.hop(ctx, via, parseHop(jump, settings), login)
		if err != nil {
			_ = via.Close()
			return nil, throughJump(jump, err)
		}
		via = append(via, conn)
	}
	return via, nil
}

func throughJump(jump string, err error) error {
	if inner, ok := errors.AsType[*HostError](err); ok {
		return &HostError{Message: "jump host " + jump + ": " + inner.Message, Hint: inner.Hint, Err: err}
	}
	return fmt.Errorf("jump host %s: %w", jump, err)
}

// hop logs in to one server, through the last of via where there is one.
func (d *Dialer) hop(ctx context.Context, via route, to hop, l login) (*ssh.Client, error) {
	known, err := d.known.read()
	if err != nil {
		return nil, err
	}
	return d.greet(ctx, via, to, known, known.check(to), l)
}

// greet shakes hands, asking first for the kinds of host key that are known for the host.
func (d *Dialer) greet(ctx context.Context, via route, to hop, known *knownHosts, check ssh.HostKeyCallback, l login) (*ssh.Client, error) {
	config := &ssh.ClientConfig{User: to.user, Auth: l.auth, HostKeyCallback: check, HostKeyAlgorithms: known.algorithms(to.address)}
	client, err := d.handshake(ctx, via, to, config, l)
	if without, ok := errors.AsType[*ssh.AlgorithmNegotiationError](err); ok && without.What == "host key" {
		// The host has no key of the known kinds any more. Which one it has instead is what an operator wants to read.
		config.HostKeyAlgorithms = preferredHostKeys
		return d.handshake(ctx, via, to, config, l)
	}
	return client, err
}

func (d *Dialer) handshake(ctx context.Context, via route, to hop, config *ssh.ClientConfig, l login) (*ssh.Client, error) {
	limited, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	raw, err := d.connect(limited, via, to.address)
	if err != nil {
		return nil, unreachable(ctx, to.address, l.timeout, err)
	}
	stop := context.AfterFunc(limited, func() { _ = raw.Close() })
	conn, channels, requests, err := ssh.NewClientConn(raw, to.address, config)
	if !stop() && err == nil {
		err = limited.Err()
	}
	if err != nil {
		_ = raw.Close()
		if limited.Err() != nil {
			return nil, unreachable(ctx, to.address, l.timeout, limited.Err())
		}
		return nil, refused(to, l, err)
	}
	return ssh.NewClient(conn, channels, requests), nil
}

func (d *Dialer) connect(ctx context.Context, via route, address string) (net.Conn, error) {
	if len(via) == 0 {
		return d.options.Connect(ctx, "tcp", address)
	}
	return via[len(via)-1].DialContext(ctx, "tcp", address)
}
