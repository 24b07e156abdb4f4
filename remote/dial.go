package remote

import (
	"context"
	"errors"
	"net"
	"time"

	"golang.org/x/crypto/ssh"

	"hardway/cluster"
)

// Options is what a Dialer needs to know of the operator's side.
type Options struct {
	// SSH gives what the spec says of each node, as cluster.Spec.SSHFor does.
	SSH func(cluster.Node) cluster.SSH
	// Config is the operator's ssh_config files, in the order in which they are asked; those that are not there are left out.
	Config []string
	// User is the operator's own name, and Environment what SSH_AUTH_SOCK and the like are looked up in.
	User        string
	Environment func(string) (string, bool)
	// KnownHosts is the path of the work directory's known_hosts.
	KnownHosts string
	// Home is where ~/.ssh is; AgentSocket is SSH_AUTH_SOCK, empty for none.
	Home, AgentSocket string
	// Passphrase is asked for an encrypted identity file that a host wants, at most once per file; nil when nobody can be
	// asked.
	Passphrase func(file string) ([]byte, error)
	// Password is asked for the password that sudo wants of a user, once for all hosts, the first of which is named; nil when
	// nobody can be asked.
	Password func(user, host string) ([]byte, error)
	// Sent is told how far the staging of files has come, from several goroutines; nil when nobody wants to know.
	Sent func(Sent)
	// Keepalive is how often an idle connection is asked whether it is still there, and how long the answer may take; 15
	// seconds when zero.
	Keepalive time.Duration
	// Connect opens the connection that SSH runs over; nil means TCP.
	Connect func(ctx context.Context, network, address string) (net.Conn, error)
}

const defaultKeepalive = 15 * time.Second

// Dialer opens connections to hosts. It may be used for many hosts at once.
type Dialer struct {
	options Options
	config  *sshConfig
	keys    keyring
	known   knownFiles

	passwords passwords
	admission admission
}

// NewDialer makes a dialer; nothing is read until the first connection.
func NewDialer(o Options) *Dialer {
	if o.Keepalive == 0 {
		o.Keepalive = defaultKeepalive
	}
	if o.Connect == nil {
		o.Connect = dialTCP
	}
	return &Dialer{options: o, config: &sshConfig{options: o}, keys: keyring{options: o}, known: knownFiles{path: o.KnownHosts}, passwords: passwords{ask: o.Password}}
}

// Forget wipes the passwords that were asked for.
func (d *Dialer) Forget() { d.passwords.forget() }

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
	client.watch(ctx, client.alive, client.count)
	return client, nil
}

func (d *Dialer) dial(ctx context.Context, node cluster.Node) (*Client, error) {
	way, err := d.way(node)
	if err != nil {
		return nil, err
	}
	to := way[len(way)-1]
	via, err := d.tunnel(ctx, way[:len(way)-1])
	if err != nil {
		return nil, err
	}
	conn, err := d.enter(ctx, via, to)
	if err != nil {
		_ = via.Close()
		return nil, err
	}
	return &Client{
		node: node.Name, ssh: conn, route: append(via, conn), timeout: to.timeout, commandTimeout: to.command,
		alive: to.alive, count: to.count, sudo: throughSudo(to), user: to.user, passwords: &d.passwords,
		sent: d.options.Sent, gone: make(chan struct{}),
	}, nil
}

// throughSudo reports whether the user has to become root for everything; root is that already.
func throughSudo(to hop) bool { return to.sudo && to.user != "root" }

// environment looks a variable up.
func (o Options) environment(name string) (string, bool) {
	if o.Environment == nil {
		return "", false
	}
	return o.Environment(name)
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
	auth []ssh.AuthMethod
	// note says what else went wrong with the keys, for when no key is let in.
	note string
}

// login gathers the keys to offer; done ends what they need, once the connection stands.
func (d *Dialer) login(to hop) (l login, done func(), err error) {
	keys, err := d.keys.offer(to.identities)
	if err != nil {
		return login{}, nil, err
	}
	return login{auth: []ssh.AuthMethod{ssh.PublicKeys(keys.signers...)}, note: keys.note}, keys.close, nil
}
