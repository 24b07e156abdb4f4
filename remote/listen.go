package remote

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"io"
	"net"
	"strconv"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// listenScript has systemd-socket-activate, which every host with systemd has, take connections on the addresses until
// standard input ends, and that is when the session does, whatever became of who asked for it. Its arguments are the most
// seconds that takes, then addresses. It prints one line once all of them are taken.
//
//go:embed listen.sh
var listenScript string

const listenName = scriptPrefix + "listen"

// listenLimit bounds how long a host listens when its SSH server does not notice that the operator's machine is gone.
const listenLimit = 2 * time.Minute

// listening is what the script prints when it does.
const listening = "listening\n"

func listenCommand(addresses []string) Command {
	args := append([]string{strconv.Itoa(int(listenLimit.Seconds()))}, addresses...)
	return Script{Name: listenName, Text: listenScript, Args: args}.Command()
}

// Listens is the addresses that a command has the host listen on, as parsed from its line.
func (c Command) Listens() ([]string, bool) {
	s, ok := c.Script()
	if !ok || s.Name != listenName || s.Text != listenScript || len(s.Args) < 2 {
		return nil, false
	}
	return s.Args[1:], true
}

// SayListening tells who asked that all addresses are taken, for hosts that listen without a shell.
func SayListening(w io.Writer) error {
	_, err := io.WriteString(w, listening)
	return err
}

// Listen has the host take connections on each address, host:port, until it is closed or the connection ends. Nobody
// answers on them.
func (c *Client) Listen(ctx context.Context, addresses []string) (io.Closer, error) {
	l := &listener{}
	err := within(ctx, func() error { return l.open(c, listenCommand(addresses).Line(), lowPort(addresses)) })
	if err != nil {
		l.end()
		return nil, c.failed("failed to listen on the host for a moment", "look at what the host said", c.cause(ctx, err))
	}
	return l, nil
}

// lowPort reports whether only root may listen on one of the addresses.
func lowPort(addresses []string) bool {
	for _, a := range addresses {
		_, port, err := net.SplitHostPort(a)
		if n, _ := strconv.Atoi(port); err == nil && n < 1024 {
			return true
		}
	}
	return false
}

// listener is a session in which the script runs.
type listener struct {
	mu      sync.Mutex
	session *ssh.Session
	stdin   io.WriteCloser
	once    sync.Once
}

func (l *listener) open(c *Client, line string, privileged bool) error {
	session, err := c.ssh.NewSession()
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.session = session
	l.mu.Unlock()
	var stderr tail
	session.Stderr = &stderr
	if l.stdin, err = session.StdinPipe(); err != nil {
		return err
	}
	stdout, err := session.StdoutPipe()
	if err != nil {
		return err
	}
	if privileged {
		line = c.asRoot(line)
	}
	if err := session.Start(line); err != nil {
		return err
	}
	if said, _ := bufio.NewReader(io.LimitReader(stdout, int64(len(listening)))).ReadString('\n'); said == listening {
		return nil
	}
	err = session.Wait()
	if exit, ok := errors.AsType[*ssh.ExitError](err); ok {
		return &exitError{exit, stderr.String()}
	}
	return errors.Join(err, errors.New("it did not say that it listens"))
}

// Close ends listening and waits until the host has.
func (l *listener) Close() error {
	l.once.Do(func() {
		ended := make(chan struct{})
		go func() {
			_ = l.session.Wait()
			close(ended)
		}()
		_ = l.stdin.Close()
		select {
		case <-ended:
		case <-time.After(farewell):
		}
		l.end()
	})
	return nil
}

func (l *listener) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.session != nil {
		_ = l.session.Close()
	}
}
