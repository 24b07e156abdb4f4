package remote

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// Look answers the whole query with one command. What the host cannot answer is an error beside the rest of the answer.
func (c *Client) Look(ctx context.Context, q Query) (State, error) {
	if !q.oneLine() {
		return State{}, &HostError{Host: c.node, Message: "failed to look at the host: a name with a line break", Hint: "take the line break out of the name"}
	}
	state := newState()
	for _, part := range q.parts() {
		answer, err := c.run(ctx, LookCommand(part))
		if err != nil {
			return State{}, c.failed("failed to look at the host", "is it a Linux host with coreutils?", err)
		}
		seen, err := DecodeState(part, answer)
		if err != nil {
			return State{}, c.failed("failed to look at the host", "does a start-up file of the login shell print anything? it must be silent for commands", err)
		}
		state.add(seen)
	}
	c.learnOwners(state.Owners)
	if len(state.Trouble) > 0 {
		return state, &HostError{
			Host: c.node, Message: "failed to see all of the host: " + strings.Join(state.Trouble, "; "),
			Hint: "log in as root or set ssh.sudo; the host must run systemd",
		}
	}
	return state, nil
}

// Do runs one of the fixed commands.
func (c *Client) Do(ctx context.Context, command Command) error {
	if _, err := c.run(ctx, command); err != nil {
		return c.failed("failed to run `"+command.Line()+"`", "log in and run it by hand to see more", err)
	}
	return nil
}

func (c *Client) failed(doing, hint string, err error) error {
	if strings.Contains(err.Error(), "sudo: ") {
		hint = "let the user run everything by sudo without a password (NOPASSWD in sudoers), or log in as root"
	}
	return c.during(doing, hint, err)
}

// run gives the command's standard output; its standard error goes into the error.
func (c *Client) run(ctx context.Context, command Command) ([]byte, error) {
	if err := c.elevate(ctx); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stdout := bounded{end: cancel}
	var stderr tail
	err := c.inSession(ctx, c.commandTimeout, "ssh.commandTimeout", func(session *ssh.Session) error {
		session.Stdout, session.Stderr = &stdout, &stderr
		return c.runAsRoot(session, command.Line())
	})
	if exit, ok := err.(*ssh.ExitError); ok { //nolint:errorlint // with a word on what was said it is one of ours
		return nil, &exitError{exit, stderr.String()}
	}
	if err != nil {
		// The buffers are still the session's: it may not have ended.
		return nil, err
	}
	return stdout.Bytes(), nil
}

// inSession does something in a session of its own, for at most as long as the setting says.
func (c *Client) inSession(ctx context.Context, most time.Duration, setting string, do func(*ssh.Session) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, most, fmt.Errorf("no answer within %s (%s)", most, setting))
	defer cancel()
	return c.cause(ctx, within(ctx, func() error {
		session, err := c.ssh.NewSession()
		if err != nil {
			return err
		}
		defer session.Close()
		stop := context.AfterFunc(ctx, func() { _ = session.Close() })
		defer stop()
		return do(session)
	}))
}

// exitError is a command that ended badly, with what it said.
type exitError struct {
	*ssh.ExitError
	said string
}

// Error is the exit code or signal, and what the command said.
func (e *exitError) Error() string {
	how := fmt.Sprintf("exit %d", e.ExitStatus())
	if e.Signal() != "" {
		how = "killed by " + e.Signal()
	}
	if e.said == "" {
		return how
	}
	return how + ": " + e.said
}

// Unwrap is SSH's own error.
func (e *exitError) Unwrap() error { return e.ExitError }

// asRoot puts sudo before a line for a user who is not root. -n: a password is never asked for on a terminal nobody sees.
func (c *Client) asRoot(line string) string {
	if c.sudo {
		return "sudo -n " + line
	}
	return line
}

// complaintBytes bounds how much of a command's standard error an error carries.
const complaintBytes = 1000

// complaint is standard error as one line.
func complaint(text []byte) string {
	if len(text) > complaintBytes {
		text = text[len(text)-complaintBytes:]
	}
	lines := strings.FieldsFunc(string(text), func(r rune) bool { return r == '\n' || r == '\r' })
	return strings.ToValidUTF8(strings.Join(lines, "; "), "?")
}
