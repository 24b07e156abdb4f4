package remote

import (
	"context"
	"errors"
	"fmt"
	"net"

	"golang.org/x/crypto/ssh"
)

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
func (d *Dialer) tunnel(ctx context.Context, jumps []hop) (via route, err error) {
	for _, jump := range jumps {
		conn, err := d.enter(ctx, via, jump)
		if err != nil {
			_ = via.Close()
			return nil, throughJump(jump.name, err)
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

// enter logs in to one server, through the last of via where there is one.
func (d *Dialer) enter(ctx context.Context, via route, to hop) (*ssh.Client, error) {
	login, done, err := d.login(to)
	if err != nil {
		return nil, err
	}
	defer done()
	known, err := d.known.read(to.knownHosts...)
	if err != nil {
		return nil, err
	}
	return d.greet(ctx, via, to, known, known.check(to), login)
}

// greet shakes hands, asking first for the kinds of host key that are known for the host.
func (d *Dialer) greet(ctx context.Context, via route, to hop, known *knownHosts, check ssh.HostKeyCallback, l login) (*ssh.Client, error) {
	config := &ssh.ClientConfig{User: to.user, Auth: l.auth, HostKeyCallback: check, HostKeyAlgorithms: known.algorithms(to.knownAs)}
	leave, err := d.admission.enter(ctx, to.address)
	if err != nil {
		return nil, unreachable(ctx, to.address, to.timeout, err)
	}
	defer leave()
	client, err := d.handshake(ctx, via, to, config, l)
	if without, ok := errors.AsType[*ssh.AlgorithmNegotiationError](err); ok && without.What == "host key" {
		// The host has no key of the known kinds any more. Which one it has instead is what an operator wants to read.
		config.HostKeyAlgorithms = preferredHostKeys
		return d.handshake(ctx, via, to, config, l)
	}
	return client, err
}

// handshake is tried again while the server has no place left.
func (d *Dialer) handshake(ctx context.Context, via route, to hop, config *ssh.ClientConfig, l login) (client *ssh.Client, err error) {
	err = persistently(ctx, func() error {
		client, err = d.shakeHands(ctx, via, to, config, l)
		return err
	})
	return client, err
}

func (d *Dialer) shakeHands(ctx context.Context, via route, to hop, config *ssh.ClientConfig, l login) (*ssh.Client, error) {
	// A server that has shown a key has let the connection in.
	shown, own := false, *config
	own.HostKeyCallback = func(address string, remote net.Addr, key ssh.PublicKey) error {
		shown = true
		return config.HostKeyCallback(address, remote, key)
	}
	limited, cancel := context.WithTimeout(ctx, to.timeout)
	defer cancel()
	raw, err := d.connect(limited, via, to)
	if err != nil {
		return nil, unreachable(ctx, to.address, to.timeout, err)
	}
	stop := context.AfterFunc(limited, func() { _ = raw.Close() })
	conn, channels, requests, err := ssh.NewClientConn(raw, to.knownAs, &own)
	if !stop() && err == nil {
		err = limited.Err()
	}
	if err != nil {
		_ = raw.Close()
		if limited.Err() != nil {
			return nil, unreachable(ctx, to.address, to.timeout, limited.Err())
		}
		if !shown && isDrop(err) {
			err = fmt.Errorf("%w: %w", errDropped, err)
		}
		return nil, refused(to, l, err)
	}
	return ssh.NewClient(conn, channels, requests), nil
}

func (d *Dialer) connect(ctx context.Context, via route, to hop) (net.Conn, error) {
	if len(via) == 0 {
		return d.options.Connect(ctx, to.network, to.address)
	}
	return via[len(via)-1].DialContext(ctx, "tcp", to.address)
}
