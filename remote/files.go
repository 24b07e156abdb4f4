package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// files is an SFTP session.
type files struct {
	*sftp.Client
	session *ssh.Session
	stderr  tail
}

// serverPaths is where distributions keep OpenSSH's sftp-server; needed only to start it through sudo.
var serverPaths = []string{
	"/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/lib/ssh/sftp-server", "/usr/libexec/sftp-server",
}

// sftp is the host's SFTP session. Ending the context before release is called ends the session, and with it whatever
// waits for an answer.
func (c *Client) sftp(ctx context.Context) (f *files, release func() bool, err error) {
	c.opening.Lock()
	defer c.opening.Unlock()
	c.mu.Lock()
	f = c.files
	c.mu.Unlock()
	if f == nil {
		if f, err = c.openSFTP(ctx); err != nil {
			return nil, nil, c.failed("failed to start SFTP", "put `Subsystem sftp internal-sftp` into sshd_config on the host and reload sshd", c.cause(ctx, err))
		}
	}
	return f, context.AfterFunc(ctx, func() { _ = f.session.Close() }), nil
}

func (c *Client) openSFTP(ctx context.Context) (*files, error) {
	session, err := c.ssh.NewSession()
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = session.Close() })
	defer stop()
	f := &files{session: session}
	if f.Client, err = c.startSFTP(f); err != nil {
		_ = session.Close()
		return nil, err
	}
	c.mu.Lock()
	c.files = f
	c.mu.Unlock()
	go c.forget(f)
	return f, nil
}

func (c *Client) startSFTP(f *files) (*sftp.Client, error) {
	in, errIn := f.session.StdinPipe()
	out, errOut := f.session.StdoutPipe()
	f.session.Stderr = &f.stderr
	if err := errors.Join(errIn, errOut, c.startServer(f.session)); err != nil {
		return nil, err
	}
	client, err := sftp.NewClientPipe(out, in, sftp.UseConcurrentWrites(true), sftp.UseConcurrentReads(true))
	if err != nil {
		_ = f.session.Wait()
		return nil, fmt.Errorf("%w %s", err, f.stderr.String())
	}
	return client, nil
}

func (c *Client) startServer(session *ssh.Session) error {
	if c.sudo {
		return session.Start(serverAsRoot())
	}
	if err := session.RequestSubsystem("sftp"); err != nil {
		return errors.New("the host offers no SFTP subsystem")
	}
	return nil
}

// forget lets the next use open a new session once this one has ended.
func (c *Client) forget(f *files) {
	_ = f.Wait()
	_ = f.session.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.files == f {
		c.files = nil
	}
}

// serverAsRoot runs the first sftp-server that is there, as root.
func serverAsRoot() string {
	script := "for s in " + strings.Join(serverPaths, " ") + "; do [ -x $s ] && exec $s; done; echo no sftp-server found >&2; exit 127"
	return "sudo -n sh -c " + quote(script)
}

// ReadFile is the content of a file.
func (c *Client) ReadFile(ctx context.Context, path string) ([]byte, error) {
	server, release, err := c.sftp(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	data, err := server.readAll(path)
	if err != nil {
		return nil, fmt.Errorf("%s: failed to read %s: %w", c.node, path, c.cause(ctx, err))
	}
	return data, nil
}

func (f *files) readAll(path string) ([]byte, error) {
	file, err := f.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(file)
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
