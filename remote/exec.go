package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/ssh"
)

// Look answers the whole query with one command.
func (c *Client) Look(ctx context.Context, q Query) (State, error) {
	answer, err := c.run(ctx, LookCommand(q))
	if err != nil {
		return State{}, &HostError{Host: c.node, Message: fmt.Sprintf("failed to look at the host: %v", err), Hint: "is it a Linux host with systemd?", Err: err}
	}
	return DecodeState(q, answer)
}

// Do runs one of the fixed commands.
func (c *Client) Do(ctx context.Context, command Command) error {
	if _, err := c.run(ctx, command); err != nil {
		return &HostError{Host: c.node, Message: fmt.Sprintf("failed to run %s: %v", command.Line(), err), Hint: "log in and run it by hand to see more", Err: err}
	}
	return nil
}

// run gives the command's standard output; its standard error goes into the error.
func (c *Client) run(ctx context.Context, command Command) ([]byte, error) {
	session, err := c.ssh.NewSession()
	if err != nil {
		return nil, err
	}
	defer session.Close()
	stop := context.AfterFunc(ctx, func() { _ = session.Close() })
	defer stop()
	var stdout, stderr bytes.Buffer
	session.Stdout, session.Stderr = &stdout, &stderr
	err = session.Run(c.asRoot(command.Line()))
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if exit, ok := errors.AsType[*ssh.ExitError](err); ok {
		return nil, fmt.Errorf("exit %d: %s", exit.ExitStatus(), lastLine(stderr.String()))
	}
	return stdout.Bytes(), err
}

// asRoot puts sudo before a line for a user who is not root. -n: a password is never asked for on a terminal nobody sees.
func (c *Client) asRoot(line string) string {
	if c.sudo {
		return "sudo -n " + line
	}
	return line
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}
