package remote

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// elevation is how the commands of a connection become root.
type elevation struct {
	mu    sync.Mutex
	known bool
	// password is what sudo on that host has taken; nil where it wants none.
	password *password
}

// elevate finds out, once for each connection, whether sudo wants a password, and proves it then: by the time that a command
// depends on it, nobody has to be asked any more.
func (c *Client) elevate(ctx context.Context) error {
	if !c.sudo {
		return nil
	}
	c.elevation.mu.Lock()
	defer c.elevation.mu.Unlock()
	if c.elevation.known {
		return nil
	}
	var stderr tail
	err := c.inSession(ctx, c.timeout, "ssh.timeout", func(session *ssh.Session) error {
		session.Stderr = &stderr
		return session.Run("env LC_ALL=C sudo -n " + proof)
	})
	if err == nil {
		c.elevation.known = true
		return nil
	}
	if said := stderr.String(); !strings.Contains(said, "password is required") && !strings.Contains(said, "authentication is required") {
		return c.sudoFailed(said, err)
	}
	password, err := c.passwords.prove(c.user, c.node, func(p *password) error { return c.offer(ctx, p) })
	if err == nil {
		c.elevation.known, c.elevation.password = true, password
	}
	return err
}

// proof does nothing, by the program that most other commands begin with.
const proof = "sh -c :"

// offer gives sudo a password for a command that does nothing.
func (c *Client) offer(ctx context.Context, p *password) error {
	err := c.inSession(ctx, c.timeout, "ssh.timeout", func(session *ssh.Session) error {
		return c.throughPassword(session, p, "env LC_ALL=C ", proof)
	})
	if errors.Is(err, errRefused) || err == nil {
		return err
	}
	said := ""
	if exit, ok := errors.AsType[*exitError](err); ok {
		said = exit.said
	}
	return c.sudoFailed(said, err)
}

// runAsRoot runs a line as root in a session, whatever that takes.
func (c *Client) runAsRoot(session *ssh.Session, line string) error {
	if p := c.elevation.password; c.sudo && p != nil {
		return c.throughPassword(session, p, "", line)
	}
	return session.Run(c.asRoot(line))
}

func (c *Client) throughPassword(session *ssh.Session, p *password, before, line string) error {
	stdin, err := session.StdinPipe()
	if err != nil {
		return err
	}
	talk := talkTo(session, stdin, p)
	if err := session.Start(before + talk.line(line)); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- session.Wait() }()
	if err := talk.begin(ended, c.timeout); err != nil {
		return err
	}
	_ = stdin.Close()
	return <-ended
}

// sudoTrouble is what sudo says, in the C locale, and what to do about it. USER is who was logged in as.
var sudoTrouble = []struct{ said, message, hint string }{
	{"must have a tty", "sudo there wants a terminal (requiretty)", "put `Defaults:USER !requiretty` into /etc/sudoers.d/hardway on the host"},
	{"terminal is required", "sudo there wants a terminal", "put `Defaults:USER !requiretty` into /etc/sudoers.d/hardway on the host"},
	{"not in the sudoers", "USER may not use sudo there", allowAll},
	{"may not run sudo", "USER may not use sudo there", allowAll},
	{"not allowed to", "USER may not run what is needed through sudo there", allowAll},
	{"not found", "there is no sudo", "install sudo on the host, or log in as root"},
}

// allowAll: an SFTP server and a shell run as root, so a shorter list of commands would allow no less.
const allowAll = "put `USER ALL=(root) ALL` into /etc/sudoers.d/hardway on the host (NOPASSWD: ALL for unattended runs), or log in as root"

// sudoFailed explains why sudo lets nobody through.
func (c *Client) sudoFailed(said string, err error) error {
	if _, ended := errors.AsType[*ssh.ExitError](err); !ended {
		return c.during("failed to use sudo", "log in and run `sudo -v` by hand to see more", err)
	}
	name := strings.NewReplacer("USER", c.user)
	for _, trouble := range sudoTrouble {
		if strings.Contains(said, trouble.said) {
			return &HostError{Host: c.node, Message: name.Replace(trouble.message), Hint: name.Replace(trouble.hint), Err: err}
		}
	}
	return &HostError{Host: c.node, Message: "failed to use sudo: " + said, Hint: name.Replace(allowAll), Err: err}
}

// sudoTalk is what is said to sudo until it has let a command through. It reads sudo's standard error: the password is
// given when sudo asks for it and at no other time, so that it never becomes the command's input, and it is given once.
type sudoTalk struct {
	password *password
	stdin    io.WriteCloser
	stderr   io.Writer
	// mark tells sudo's prompt, and the word that the command is about to begin, from everything else.
	mark string

	mu    sync.Mutex
	said  []byte
	asked int
	// through is closed when the command is about to begin.
	through chan struct{}
	opened  bool
}

// saidBytes bounds what is kept of it. A word to wait for is far shorter.
const saidBytes = 64 << 10

var errRefused = errors.New("sudo refused the password")

// talkTo puts itself between a session that has not begun and its standard error.
func talkTo(session *ssh.Session, stdin io.WriteCloser, p *password) *sudoTalk {
	t := &sudoTalk{password: p, stdin: stdin, stderr: session.Stderr, mark: "hardway-" + rand.Text(), through: make(chan struct{})}
	session.Stderr = t
	return t
}

// line has sudo ask in a way that is recognised, and the command say that it begins.
func (t *sudoTalk) line(command string) string {
	return fmt.Sprintf("sudo -S -p %s? sh -c %s sh %s", t.mark, quote("echo "+t.mark+". >&2; exec \"$@\""), command)
}

// Write takes in what is said on standard error.
func (t *sudoTalk) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.opened {
		return t.hand(p)
	}
	t.said = append(t.said, p...)
	t.said = t.said[max(0, len(t.said)-saidBytes):]
	if before, after, ok := bytes.Cut(t.said, []byte(t.mark+".\n")); ok {
		t.opened, t.said = true, before
		close(t.through)
		if _, err := t.hand(after); err != nil {
			return 0, err
		}
	} else if _, after, ok := bytes.Cut(t.said, []byte(t.mark+"?")); ok {
		t.said = after
		t.answer()
	}
	return len(p), nil
}

func (t *sudoTalk) hand(p []byte) (int, error) {
	if t.stderr == nil {
		return len(p), nil
	}
	return t.stderr.Write(p)
}

// answer gives the password; a second question means that it was the wrong one.
func (t *sudoTalk) answer() {
	if t.asked++; t.asked > 1 {
		_ = t.stdin.Close()
		return
	}
	line := append(bytes.Clone(t.password.text), '\n')
	_, _ = t.stdin.Write(line)
	clear(line)
}

// begin waits until the command is about to begin. Ended is given what the session ended with; one that ends before is why
// the command does not begin, one that ends after is left in it.
func (t *sudoTalk) begin(ended chan error, patience time.Duration) error {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-t.through:
		return nil
	case err := <-ended:
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.opened {
			ended <- err
			return nil
		}
		return t.refusal(err)
	case <-timer.C:
		t.mu.Lock()
		defer t.mu.Unlock()
		return fmt.Errorf("sudo wants something else than a password: %s", complaint(t.said))
	}
}

// refusal tells apart why a session ended before its command began.
func (t *sudoTalk) refusal(err error) error {
	exit, ended := errors.AsType[*ssh.ExitError](err)
	switch {
	case t.asked > 1:
		return errRefused
	case ended:
		return &exitError{exit, complaint(bytes.TrimSpace(t.said))}
	case err == nil:
		return errors.New("sudo ended before its command began")
	}
	return err
}
