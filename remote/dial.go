package remote

import (
	"context"
	"errors"
	"net"
	"strconv"
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
	// Passphrase is asked for an encrypted identity file that a host wants, at most once per file; nil when nobody can be
	// asked.
	Passphrase func(file string) ([]byte, error)
	// Keepalive is how often an idle connection is asked whether it is still there, and how long the answer may take; 15
	// seconds when zero.
	Keepalive time.Duration
	// Connect opens the connection that SSH runs over; nil means TCP.
	Connect func(ctx context.Context, network, address string) (net.Conn, error)
}

// Settings that leave these out get them.
const (
	defaultTimeout   = 30 * time.Second
	defaultKeepalive = 15 * time.Second
)

// Dialer opens connections to hosts. It may be used for many hosts at once.
type Dialer struct {
	options Options
	keys    keyring
	known   knownFile
}

// NewDialer makes a dialer; nothing is read until the first connection.
func NewDialer(o Options) *Dialer {
	if o.Keepalive == 0 {
		o.Keepalive = defaultKeepalive
	}
	if o.Connect == nil {
		o.Connect = dialTCP
	}
	return &Dialer{options: o, keys: keyring{options: o}, known: knownFile{path: o.KnownHosts}}
}

// Dial connects to a node and proves that it is the host that known_hosts knows. A jump list is gone through in order.
// Ending the context ends the connection a few seconds later. What goes wrong is a *HostError.
func (d *Dialer) Dial(ctx context.Context, node cluster.Node) (*Client, error) {
	var client *Client
	err := d.unlocking(func() (err error) {
		client, err = d.dial(ctx, node)
		return err
	})
	if err != nil {
		return nil, hostError(node.Name, err)
	}
	client.watch(ctx, d.options.Keepalive)
	return client, nil
}

func (d *Dialer) dial(ctx context.Context, node cluster.Node) (*Client, error) {
	settings := d.settings(node)
	via, err := d.tunnel(ctx, settings)
	if err != nil {
		return nil, err
	}
	login, done, err := d.login(settings)
	if err != nil {
		return nil, errors.Join(err, via.Close())
	}
	defer done()
	conn, err := d.hop(ctx, via, target(node, settings), login)
	if err != nil {
		_ = via.Close()
		return nil, err
	}
	return &Client{
		node: node.Name, ssh: conn, route: append(via, conn), timeout: settings.Timeout.Duration,
		sudo: throughSudo(settings),
	}, nil
}

// throughSudo reports whether the user has to become root for everything; root is that already.
func throughSudo(settings cluster.SSH) bool {
	return settings.Sudo != nil && *settings.Sudo && settings.User != "root"
}

func (d *Dialer) settings(node cluster.Node) cluster.SSH {
	settings := d.options.SSH(node)
	if settings.Timeout.Duration <= 0 {
		settings.Timeout.Duration = defaultTimeout
	}
	return settings
}

// unlocking tries again each time that it comes to light that a host wants a key which needs its passphrase first. The
// person who types it is waited for outside of any timeout.
func (d *Dialer) unlocking(try func() error) error {
	for {
		err := try()
		locked, ok := errors.AsType[*lockedError](err)
		if !ok {
			return err
		}
		if err := d.keys.unlock(locked.file); err != nil {
			return err
		}
	}
}

// login is how a user proves who they are on the way to one host.
type login struct {
	auth    []ssh.AuthMethod
	timeout time.Duration
	// note says what else went wrong with the keys, for when no key is let in.
	note string
}

// login gathers the keys to offer; done ends what they need, once the connection stands.
func (d *Dialer) login(settings cluster.SSH) (l login, done func(), err error) {
	keys, err := d.keys.offer(settings.IdentityFile)
	if err != nil {
		return login{}, nil, err
	}
	return login{auth: []ssh.AuthMethod{ssh.PublicKeys(keys.signers...)}, timeout: settings.Timeout.Duration, note: keys.note}, keys.close, nil
}

func target(node cluster.Node, settings cluster.SSH) hop {
	return hop{user: settings.User, address: net.JoinHostPort(node.PrimaryAddress(), strconv.Itoa(settings.Port)), host: node.Name}
}
