package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// files is an SFTP session.
type files struct {
	*sftp.Client
	session *ssh.Session
	// questions and answers are what is said to the host and what it says; severing them ends whatever waits for it.
	questions *severableWriter
	answers   *io.PipeReader
	// out is where questions leave; turn is held by those that leave together.
	out    *outbox
	turn   sync.Mutex
	stderr tail
}

// serverPaths is where distributions keep OpenSSH's sftp-server; needed only to start it through sudo.
var serverPaths = []string{
	"/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/lib/ssh/sftp-server", "/usr/libexec/sftp-server",
}

// sftp is the host's SFTP session. Ending the context before release is called ends the session, and with it whatever
// waits for an answer.
func (c *Client) sftp(ctx context.Context) (f *files, release func(), err error) {
	c.opening.Lock()
	defer c.opening.Unlock()
	c.mu.Lock()
	f = c.files
	c.mu.Unlock()
	if f == nil {
		// A person who types a password is waited for outside of any timeout.
		if err := c.elevate(ctx); err != nil {
			return nil, nil, c.failed("failed to start SFTP", "log in and run sudo by hand to see more", err)
		}
		if f, err = c.openSFTP(ctx); err != nil {
			return nil, nil, c.failed("failed to start SFTP", "put `Subsystem sftp internal-sftp` into sshd_config on the host and reload sshd", c.cause(ctx, err))
		}
	}
	dropped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() { c.drop(f); close(dropped) })
	return f, func() {
		if !stop() {
			// Whoever comes next must not be given what is about to end.
			<-dropped
		}
	}, nil
}

// openSFTP opens a session within the time that a handshake may take: a server that hangs says nothing for ever.
func (c *Client) openSFTP(ctx context.Context) (*files, error) {
	late := fmt.Errorf("no answer within %s (ssh.timeout)", c.timeout)
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout, late)
	defer cancel()
	f := &files{}
	if err := within(ctx, func() error { return c.startSFTP(ctx, f) }); err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.files = f
	c.mu.Unlock()
	go func() {
		_ = f.Wait()
		c.drop(f)
	}()
	return f, nil
}

// startSFTP begins a session; one that begins after the context has ended is ended.
func (c *Client) startSFTP(ctx context.Context, f *files) error {
	session, err := c.ssh.NewSession()
	if err != nil {
		return err
	}
	f.session = session
	in, errIn := session.StdinPipe()
	out, errOut := session.StdoutPipe()
	session.Stderr = &f.stderr
	ended := make(chan error, 1)
	if err := errors.Join(errIn, errOut, c.startServer(session, in, ended)); err != nil {
		_ = session.Close()
		return err
	}
	f.questions, f.answers = severableInto(in), severable(out)
	stop := context.AfterFunc(ctx, f.sever)
	defer stop()
	f.out = &outbox{WriteCloser: f.questions, written: make(chan struct{}, 1)}
	if f.Client, err = sftp.NewClientPipe(f.answers, f.out, sftp.UseConcurrentWrites(true), sftp.UseConcurrentReads(true)); err != nil {
		// What it says of why comes on its own, and perhaps later.
		<-ended //nolint:errcheck // how it ended says less than what it said
		f.sever()
		return fmt.Errorf("%w %s", err, f.stderr.String())
	}
	return nil
}

// startServer returns when what is sent reaches the server. Ended is given what the session ends with.
func (c *Client) startServer(session *ssh.Session, stdin io.WriteCloser, ended chan error) error {
	if c.sudo {
		return c.startAsRoot(session, stdin, server, ended)
	}
	if err := session.RequestSubsystem("sftp"); err != nil {
		return errors.New("the host offers no SFTP subsystem")
	}
	go func() { ended <- session.Wait() }()
	return nil
}

// startAsRoot starts a line of which the input comes later, and returns when what is sent reaches it. Ended is given what
// the session ends with.
func (c *Client) startAsRoot(session *ssh.Session, stdin io.WriteCloser, line string, ended chan error) error {
	wait := func() { ended <- session.Wait() }
	if p := c.elevation.password; c.sudo && p != nil {
		talk := talkTo(session, stdin, p)
		if err := session.Start(talk.line(line)); err != nil {
			return err
		}
		go wait()
		return talk.begin(ended, c.timeout)
	}
	if err := session.Start(c.asRoot(line)); err != nil {
		return err
	}
	go wait()
	return nil
}

// sever ends a session without waiting for the host.
func (f *files) sever() {
	_ = f.questions.Close()
	_ = f.answers.Close()
	go func() { _ = f.session.Close() }()
}

// drop ends a session; the next use opens a new one.
func (c *Client) drop(f *files) {
	c.mu.Lock()
	if c.files == f {
		c.files = nil
	}
	c.mu.Unlock()
	f.sever()
}

// server runs the first sftp-server that is there.
var server = "sh -c " + quote("for s in "+strings.Join(serverPaths, " ")+"; do [ -x $s ] && exec $s; done; echo no sftp-server found >&2; exit 127")

// ReadFile is the content of a file.
func (c *Client) ReadFile(ctx context.Context, path string) (data []byte, err error) {
	server, release, err := c.sftp(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	if data, err = server.readAll(path); err != nil {
		hint := "look at it on the host"
		if errors.Is(err, fs.ErrPermission) {
			hint = asRootHint
		}
		return nil, c.during("failed to read "+path, hint, c.cause(ctx, err))
	}
	return data, nil
}

func (f *files) readAll(path string) ([]byte, error) {
	file, err := f.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	// Not io.ReadAll: it asks for half a KiB at first, and every Read is a round trip.
	var data bounded
	_, err = file.WriteTo(&data)
	return data.Bytes(), err
}

// tail keeps the end of what a process says on standard error.
type tail struct {
	mu   sync.Mutex
	data []byte
}

// Write takes the text in and forgets what is too far back.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.data = append(t.data, p...)
	t.data = t.data[max(0, len(t.data)-complaintBytes):]
	return len(p), nil
}

// String is the text as one line.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return complaint(bytes.TrimSpace(t.data))
}
