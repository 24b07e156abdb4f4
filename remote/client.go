package remote

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// Client is a connection to one host. Its methods may be called from several goroutines.
type Client struct {
	node  string
	ssh   *ssh.Client
	route route
	// sudo: the user is not root and becomes root for everything, with one of the passwords where sudo wants one.
	sudo      bool
	user      string
	passwords *passwords
	elevation elevation
	// alive is how often to ask whether the host is there, and count how often it may stay silent.
	alive time.Duration
	count int
	// timeout bounds what the host answers at once when it is well, such as the beginning of an SFTP session.
	// commandTimeout bounds a command.
	timeout, commandTimeout time.Duration
	// sent is told how far staging has come; nil tells nobody.
	sent func(Sent)

	// opening is held while the SFTP session is opened.
	opening sync.Mutex

	mu sync.Mutex
	// files is the SFTP session, opened when first needed and again after it ended.
	files *files
	// owners is those that looks have found.
	owners map[string]Owner
	// claimed is the directories that have files staged in them.
	claimed map[string]bool
	// lost is why the connection was given up, nil while it stands or when it was closed as it should be.
	lost error

	close sync.Once
	// gone is closed when the connection has ended, whoever ended it.
	gone chan struct{}
}

// Host is the node's name.
func (c *Client) Host() string { return c.node }

// isRoot reports whether everything on the host is done as root.
func (c *Client) isRoot() bool { return c.sudo || c.user == "root" }

// Close ends the connection.
func (c *Client) Close() (err error) {
	c.close.Do(func() { err = c.route.Close() })
	return err
}

// watch closes the connection after the context, and when the host has stayed silent a number of times.
func (c *Client) watch(ctx context.Context, every time.Duration, times int) {
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(farewell, func() { _ = c.Close() }) })
	go func() {
		_ = c.ssh.Wait()
		stop()
		close(c.gone)
	}()
	go c.keepAlive(every, times)
}

// Done is closed when the connection has ended: nothing more can be asked over it, and another may be opened.
func (c *Client) Done() <-chan struct{} { return c.gone }

// keepAlive asks the host every so often whether it is there, and gives the connection up when it has been asked that many
// times without an answer. Without it a host that lost power would be waited for until TCP gives up.
func (c *Client) keepAlive(every time.Duration, times int) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	answered := make(chan struct{}, times)
	for silent := 0; ; silent++ {
		select {
		case <-c.gone:
			return
		case <-tick.C:
		}
		for ; len(answered) > 0; <-answered {
			silent = 0
		}
		if silent >= times {
			c.giveUp(fmt.Errorf("the host has not answered for %s", every*time.Duration(times)))
			return
		}
		go func() {
			// Any reply is an answer, also that the request is not known.
			if _, _, err := c.ssh.SendRequest("keepalive@openssh.com", true, nil); err == nil {
				answered <- struct{}{}
			}
		}()
	}
}

func (c *Client) giveUp(why error) {
	c.mu.Lock()
	c.lost = why
	c.mu.Unlock()
	_ = c.Close()
}

// cause is why an operation failed, where the connection knows it better than the operation does.
func (c *Client) cause(ctx context.Context, err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil && c.lost != nil {
		return fmt.Errorf("lost the connection: %w", c.lost)
	}
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.Is(err, sftp.ErrSSHFxConnectionLost) {
		// Everything that was under way says so; once is enough.
		return fmt.Errorf("the SFTP session ended: %w", sftp.ErrSSHFxConnectionLost)
	}
	return err
}

// Dial opens a connection from the host: tcp, or unix for a socket there.
func (c *Client) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	dial := c.ssh.DialContext
	if network == "unix" {
		dial = func(ctx context.Context, _, path string) (net.Conn, error) { return c.dialSocket(ctx, path) }
	}
	conn, err := dial(ctx, network, address)
	if err != nil {
		return nil, &HostError{
			Host: c.node, Message: fmt.Sprintf("failed to dial %s from the host: %v", address, c.cause(ctx, err)),
			Hint: "does it listen there, and does sshd on the host allow forwarding?", Err: err,
		}
	}
	return conn, nil
}
