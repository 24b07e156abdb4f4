package remote

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"hardway/cluster"
)

// Options is what a Dialer needs to know of the operator's side.
type Options struct {
	// SSH gives each node's settings, as cluster.Spec.SSHFor does.
	SSH func(cluster.Node) cluster.SSH
	// KnownHosts is the path of the work directory's known_hosts.
	KnownHosts string
	// Home is where ~/.ssh is; AgentSocket is SSH_AUTH_SOCK, empty for none.
	Home, AgentSocket string
	// Passphrase is asked for an encrypted identity file, at most once per file; nil when nobody can be asked.
	Passphrase func(file string) ([]byte, error)
}

// Dialer opens connections to hosts.
type Dialer struct {
	options Options
	keys    keyring
}

// NewDialer makes a dialer; nothing is read until the first connection.
func NewDialer(o Options) *Dialer { return &Dialer{options: o, keys: keyring{options: o}} }

// keepalive is how often an idle connection is asked whether it is still there.
const keepalive = 15 * time.Second

// Dial connects to a node and proves that it is the host that known_hosts knows. A jump list is gone through in order.
// Ending the context ends the connection.
func (d *Dialer) Dial(ctx context.Context, node cluster.Node) (*Client, error) {
	settings := d.options.SSH(node)
	known, err := readKnownHosts(d.options.KnownHosts)
	if err != nil {
		return nil, err
	}
	methods, err := d.keys.methods(settings)
	if err != nil {
		return nil, d.hostError(node.Name, err)
	}
	var via *ssh.Client
	for _, jump := range settings.Jump {
		next := parseHop(jump, settings)
		if via, err = d.hop(ctx, via, next, known, methods, settings.Timeout.Duration); err != nil {
			return nil, d.hostError(node.Name, fmt.Errorf("jump host %s: %w", jump, err))
		}
	}
	target := hop{user: settings.User, address: net.JoinHostPort(node.PrimaryAddress(), strconv.Itoa(settings.Port)), host: node.Name}
	conn, err := d.hop(ctx, via, target, known, methods, settings.Timeout.Duration)
	if err != nil {
		return nil, d.hostError(node.Name, err)
	}
	c := &Client{node: node.Name, ssh: conn, sudo: settings.Sudo != nil && *settings.Sudo && settings.User != "root"}
	c.watch(ctx)
	return c, nil
}

// hop is one SSH server on the way.
type hop struct{ user, address, host string }

// parseHop reads user@host:port, with user and port from the settings where they are left out.
func parseHop(text string, settings cluster.SSH) hop {
	user, address, ok := strings.Cut(text, "@")
	if !ok {
		user, address = settings.User, text
	}
	if _, _, err := net.SplitHostPort(address); err != nil {
		address = net.JoinHostPort(address, "22")
	}
	return hop{user: user, address: address, host: text}
}

func (d *Dialer) hop(ctx context.Context, via *ssh.Client, to hop, known *knownHosts, methods []ssh.AuthMethod, timeout time.Duration) (*ssh.Client, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	raw, err := dialRaw(ctx, via, to.address)
	if err != nil {
		return nil, unreachable(to.address, err)
	}
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	conn, channels, requests, err := ssh.NewClientConn(raw, to.address, &ssh.ClientConfig{
		User: to.user, Auth: methods,
		HostKeyCallback: known.check(to.host), HostKeyAlgorithms: known.algorithms(to.address),
	})
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = raw.Close()
		return nil, refused(to, err, ctx.Err())
	}
	return ssh.NewClient(conn, channels, requests), nil
}

func dialRaw(ctx context.Context, via *ssh.Client, address string) (net.Conn, error) {
	if via == nil {
		return (&net.Dialer{}).DialContext(ctx, "tcp", address)
	}
	return via.DialContext(ctx, "tcp", address)
}

// HostError is a failure to reach or to use a host.
type HostError struct {
	Host, Message, Hint string
	Err                 error
}

// Error is the failure with its host.
func (e *HostError) Error() string { return e.Host + ": " + e.Message }

// Unwrap is what was underneath.
func (e *HostError) Unwrap() error { return e.Err }

// Problem is the failure as a finding.
func (e *HostError) Problem() cluster.Problem {
	return cluster.Problem{Host: e.Host, Message: e.Message, Hint: e.Hint}
}

func (d *Dialer) hostError(host string, err error) error {
	if inner, ok := errors.AsType[*HostError](err); ok {
		inner.Host = host
		return inner
	}
	return &HostError{Host: host, Message: err.Error(), Hint: "look at ssh: in the spec", Err: err}
}

func unreachable(address string, err error) error {
	return &HostError{
		Message: fmt.Sprintf("failed to reach %s: %v", address, err),
		Hint:    "is the host up, does sshd listen there, does a firewall stand between?", Err: err,
	}
}

// refused tells apart why a handshake failed.
func refused(to hop, err, ended error) error {
	if inner, ok := errors.AsType[*HostError](err); ok {
		return inner
	}
	if ended != nil {
		return unreachable(to.address, fmt.Errorf("no answer in time: %w", ended))
	}
	if strings.Contains(err.Error(), "unable to authenticate") {
		return &HostError{
			Message: fmt.Sprintf("%s refused every key for user %s", to.address, to.user),
			Hint:    "add the public key to that user's authorized_keys, or name another key in ssh.identityFile", Err: err,
		}
	}
	return &HostError{
		Message: fmt.Sprintf("failed to shake hands with %s: %v", to.address, err),
		Hint:    "does an SSH server listen on that port?", Err: err,
	}
}

// Client is a connection to one host.
type Client struct {
	node string
	ssh  *ssh.Client
	sudo bool

	mu    sync.Mutex
	files *files
	close sync.Once
}

// Host is the node's name.
func (c *Client) Host() string { return c.node }

// Close ends the connection.
func (c *Client) Close() (err error) {
	c.close.Do(func() { err = c.ssh.Close() })
	return err
}

// watch closes the connection with the context, and when the host no longer answers.
func (c *Client) watch(ctx context.Context) {
	gone := make(chan struct{})
	go func() {
		_ = c.ssh.Wait()
		close(gone)
	}()
	go func() {
		tick := time.NewTicker(keepalive)
		defer tick.Stop()
		for {
			select {
			case <-gone:
				return
			case <-ctx.Done():
				_ = c.Close()
				return
			case <-tick.C:
				// A host that has vanished answers nothing, not even an error: no answer in time ends the connection.
				late := time.AfterFunc(keepalive, func() { _ = c.Close() })
				_, _, err := c.ssh.SendRequest("keepalive@openssh.com", true, nil)
				late.Stop()
				if err != nil {
					_ = c.Close()
				}
			}
		}
	}()
}

// Dial opens a connection from the host.
func (c *Client) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := c.ssh.DialContext(ctx, network, address)
	if err != nil {
		return nil, fmt.Errorf("failed to dial %s from %s: %w", address, c.node, err)
	}
	return conn, nil
}
