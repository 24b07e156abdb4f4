package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"github.com/pkg/sftp"
)

// files is the SFTP side of a connection, opened when first needed.
type files struct{ *sftp.Client }

// serverPaths is where distributions keep OpenSSH's sftp-server; needed only to start it through sudo.
var serverPaths = []string{
	"/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/lib/ssh/sftp-server", "/usr/libexec/sftp-server",
}

func (c *Client) sftp() (*files, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.files != nil {
		return c.files, nil
	}
	client, err := c.openSFTP()
	if err != nil {
		return nil, &HostError{
			Host: c.node, Message: fmt.Sprintf("failed to start SFTP: %v", err),
			Hint: "does sshd_config on the host have `Subsystem sftp`?", Err: err,
		}
	}
	c.files = &files{client}
	return c.files, nil
}

func (c *Client) openSFTP() (*sftp.Client, error) {
	options := []sftp.ClientOption{sftp.UseConcurrentWrites(true), sftp.UseConcurrentReads(true)}
	if !c.sudo {
		return sftp.NewClient(c.ssh, options...)
	}
	session, err := c.ssh.NewSession()
	if err != nil {
		return nil, err
	}
	in, errIn := session.StdinPipe()
	out, errOut := session.StdoutPipe()
	if err := errors.Join(errIn, errOut); err != nil {
		return nil, err
	}
	if err := session.Start(startServer()); err != nil {
		return nil, err
	}
	return sftp.NewClientPipe(out, in, options...)
}

// startServer runs the first sftp-server that is there, as root.
func startServer() string {
	script := "for s in " + strings.Join(serverPaths, " ") + "; do [ -x $s ] && exec $s; done; echo no sftp-server found >&2; exit 127"
	return "sudo -n sh -c " + quote(script)
}

// ReadFile is the content of a file.
func (c *Client) ReadFile(ctx context.Context, path string) ([]byte, error) {
	server, err := c.sftp()
	if err != nil {
		return nil, err
	}
	f, err := server.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: failed to read %s: %w", c.node, path, missing(err))
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		return nil, fmt.Errorf("%s: failed to read %s: %w", c.node, path, err)
	}
	return data, ctx.Err()
}

// missing makes SFTP's own word for a missing file the one everybody asks for.
func missing(err error) error {
	if status, ok := errors.AsType[*sftp.StatusError](err); ok && status.FxCode() == sftp.ErrSSHFxNoSuchFile {
		return fs.ErrNotExist
	}
	return err
}
