package remote

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"

	"hardway/cluster"
)

// HostError is a failure to reach or to use a host.
type HostError struct {
	Host, Message, Hint string
	Err                 error
}

// Error is the failure with its host.
func (e *HostError) Error() string {
	if e.Host == "" {
		return e.Message
	}
	return e.Host + ": " + e.Message
}

// Unwrap is what was underneath.
func (e *HostError) Unwrap() error { return e.Err }

// Problem is the failure as a finding.
func (e *HostError) Problem() cluster.Problem {
	return cluster.Problem{Host: e.Host, Message: e.Message, Hint: e.Hint}
}

// hostError puts the host's name to an error.
func hostError(host string, err error) error {
	if inner, ok := errors.AsType[*HostError](err); ok {
		named := *inner
		named.Host = host
		return &named
	}
	return &HostError{Host: host, Message: err.Error(), Hint: "look at ssh: in the spec", Err: err}
}

// unreachable tells apart why no SSH connection came about.
func unreachable(ctx context.Context, address string, timeout time.Duration, err error) error {
	if ended := ctx.Err(); ended != nil {
		return &HostError{Message: fmt.Sprintf("stopped while connecting to %s: %v", address, ended), Hint: "run it again", Err: ended}
	}
	e := &HostError{
		Message: fmt.Sprintf("failed to reach %s: %v", address, err),
		Hint:    "check the address, and the way there", Err: err,
	}
	var network net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Message = fmt.Sprintf("failed to reach %s: connection refused", address)
		e.Hint = "is the host up, does sshd run there, is ssh.port right?"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		e.Message = fmt.Sprintf("failed to reach %s: no answer within %s", address, timeout)
		e.Hint = "is the host up, is the address right, does a firewall stand between? ssh.timeout says how long to wait"
	}
	return e
}

// refused tells apart why a handshake failed. A key that is still locked, or was only looked at, is no failure yet.
func refused(to hop, l login, err error) error {
	if inner, ok := errors.AsType[*HostError](err); ok {
		return inner
	}
	_, locked := errors.AsType[*lockedError](err)
	_, differ := errors.AsType[*ssh.AlgorithmNegotiationError](err)
	if locked || differ || errors.Is(err, errSeen) {
		return err
	}
	switch text := err.Error(); {
	case strings.Contains(text, "unable to authenticate"):
		return &HostError{
			Message: fmt.Sprintf("%s refused every key for user %s%s", to.address, to.user, l.note),
			Hint:    "add the public key to that user's authorized_keys, or name another key in ssh.identityFile", Err: err,
		}
	case strings.Contains(text, "Too many authentication failures"):
		return &HostError{
			Message: fmt.Sprintf("%s gave up on user %s after too many keys%s", to.address, to.user, l.note),
			Hint:    "name the one key to use in ssh.identityFile: an agent with many keys uses up the tries", Err: err,
		}
	}
	if errors.Is(err, errDropped) {
		return &HostError{
			Message: fmt.Sprintf("failed to shake hands with %s: %v", to.address, err),
			Hint:    "does an SSH server listen on that port? One that is full drops connections: MaxStartups in its sshd_config, or a ban on this address", Err: err,
		}
	}
	return &HostError{
		Message: fmt.Sprintf("failed to shake hands with %s: %v", to.address, err),
		Hint:    "does an SSH server listen on that port?", Err: err,
	}
}

// asRootHint is what to try when the host does not permit something.
const asRootHint = "log in as root, or set ssh.sudo"

// cannotWrite says what to try after a change over SFTP failed.
func (c *Client) cannotWrite(doing string, err error) error {
	hint := "run it again: what is in place stays, the rest follows"
	switch {
	case errors.Is(err, fs.ErrPermission):
		hint = asRootHint
	case strings.Contains(err.Error(), "SSH_FX_FAILURE"):
		hint = "OpenSSH does not say why; a disk that is full or read-only is usual: look at `df -h` and `mount` there"
	}
	return c.during(doing, hint, err)
}

// during says what was being done when something failed. What the failure itself says of the host and of what to try is
// better than what can be said here.
func (c *Client) during(doing, hint string, err error) error {
	message := err.Error()
	if inner, ok := errors.AsType[*HostError](err); ok {
		message, hint = inner.Message, inner.Hint
	}
	return &HostError{Host: c.node, Message: doing + ": " + message, Hint: hint, Err: err}
}
