package remote

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// holdScript stops the main process of a unit (SIGSTOP) when it reads "stop", and lets it go on when it reads anything more
// or its input ends, as it does with the session. Its arguments are the unit and the most seconds that takes. It prints
// "ready", and "holding" once the process is stopped.
//
// What counts is that the process goes on whatever becomes of this script, of the session and of the operator. So another
// process, in a session of its own, is there before anything is stopped. It is told first, and nothing is stopped where it
// cannot be. It lets the unit go on when the time is over or the script has ended, however that ended, and heeds no signal
// that a dying session sends.
//
//go:embed hold.sh
var holdScript string

// HoldLimit is when a process goes on by itself.
const HoldLimit = time.Second

const holdName = scriptPrefix + "hold"

// What is said to a host that holds, and what it says, a line each.
const (
	holdReady = "ready"
	holdStop  = "stop"
	holding   = "holding"
)

func holdCommand(unit string) Command {
	return Script{Name: holdName, Text: holdScript, Args: []string{unit, strconv.Itoa(int(HoldLimit.Seconds()))}}.Command()
}

// Holds is the unit that a command holds, as parsed from its line.
func (c Command) Holds() (unit string, ok bool) {
	s, ok := c.Script()
	if !ok || s.Name != holdName || s.Text != holdScript || len(s.Args) != 2 {
		return "", false
	}
	return s.Args[0], true
}

// BeHeld is the script's part on hosts that hold without a shell: stop and resume are done to the process. It returns when
// the process goes on.
func BeHeld(ctx context.Context, in io.Reader, out io.Writer, stop, resume func() error) error {
	lines := bufio.NewReader(in)
	if _, err := fmt.Fprintln(out, holdReady); err != nil {
		return err
	}
	if said, _ := lines.ReadString('\n'); said != holdStop+"\n" {
		return nil
	}
	if err := stop(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if _, err := fmt.Fprintln(out, holding); err == nil {
			_, _ = lines.ReadString('\n')
		}
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	case <-time.After(HoldLimit):
	}
	return resume()
}

// Hold gets ready to stop the main process of a unit.
func (c *Client) Hold(ctx context.Context, unit string) (Hold, error) {
	if err := c.elevate(ctx); err != nil {
		return nil, err
	}
	h := &hold{client: c, unit: unit, ended: make(chan error, 1)}
	if err := h.within(ctx, func() error { return h.open(holdCommand(unit).Line()) }); err != nil {
		_ = h.Close()
		return nil, err
	}
	return h, nil
}

// hold is a session in which the script runs.
type hold struct {
	client *Client
	unit   string
	in     io.WriteCloser
	out    *bufio.Reader
	stderr tail
	// ended is what the session ended with.
	ended chan error

	mu      sync.Mutex
	closed  bool
	session *ssh.Session
}

func (h *hold) open(line string) error {
	session, err := h.client.ssh.NewSession()
	if err != nil {
		return err
	}
	if err := h.keep(session); err != nil {
		return err
	}
	session.Stderr = &h.stderr
	in, errIn := session.StdinPipe()
	out, errOut := session.StdoutPipe()
	h.in, h.out = in, bufio.NewReader(out)
	if err := errors.Join(errIn, errOut, h.client.startAsRoot(session, in, line, h.ended)); err != nil {
		return err
	}
	return h.says(holdReady)
}

// keep has a session closed with the hold, also with one that was given up meanwhile.
func (h *hold) keep(session *ssh.Session) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return errors.Join(context.Canceled, session.Close())
	}
	h.session = session
	return nil
}

// Stop stops the process.
func (h *hold) Stop(ctx context.Context) error {
	return h.within(ctx, func() error {
		if _, err := fmt.Fprintln(h.in, holdStop); err != nil {
			return err
		}
		return h.says(holding)
	})
}

// says reads a line; another one, or none, is a failure, which the host explains on its standard error.
func (h *hold) says(want string) error {
	if said, _ := h.out.ReadString('\n'); said == want+"\n" {
		return nil
	}
	err := <-h.ended
	h.ended <- err
	if exit, ok := errors.AsType[*ssh.ExitError](err); ok {
		return &exitError{exit, h.stderr.String()}
	}
	return errors.Join(err, fmt.Errorf("it did not say that it is %s: %s", want, h.stderr.String()))
}

func (h *hold) within(ctx context.Context, do func() error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, h.client.timeout, fmt.Errorf("no answer within %s (ssh.timeout)", h.client.timeout))
	defer cancel()
	if err := within(ctx, do); err != nil {
		return h.client.failed("failed to hold "+h.unit+" for a moment", "look at what the host said", h.client.cause(ctx, err))
	}
	return nil
}

// Close lets the process go on and waits until it does, but no longer than until it does so by itself.
func (h *hold) Close() error {
	h.mu.Lock()
	session := h.session
	h.closed, h.session = true, nil
	h.mu.Unlock()
	if session == nil {
		return nil
	}
	if h.in != nil {
		_ = h.in.Close()
	}
	select {
	case err := <-h.ended:
		h.ended <- err
	case <-time.After(HoldLimit):
	}
	_ = session.Close()
	return nil
}
