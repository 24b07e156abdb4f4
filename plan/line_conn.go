package plan

import (
	"context"
	"errors"
	"io"
	"net"
	"path"
	"slices"

	"hardway/artifact"
	"hardway/remote"
)

// over asks something over the connection that stands.
func over[T any](ctx context.Context, l *line, ask func(Conn) (T, error)) (answer T, err error) {
	conn, err := l.open(ctx)
	if err != nil {
		return answer, err
	}
	answer, err = ask(conn)
	return answer, l.heard(err)
}

// through does something over the connection that stands.
func (l *line) through(ctx context.Context, do func(Conn) error) error {
	conn, err := l.open(ctx)
	if err != nil {
		return err
	}
	return l.heard(do(conn))
}

// Done is never: what is lost is dialled again.
func (l *line) Done() <-chan struct{} { return nil }

// The methods of remote.Changer, over the connection that stands.

func (l *line) Look(ctx context.Context, q remote.Query) (remote.State, error) {
	return over(ctx, l, func(c Conn) (remote.State, error) { return c.Look(ctx, q) })
}

func (l *line) ReadFile(ctx context.Context, path string) ([]byte, error) {
	return over(ctx, l, func(c Conn) ([]byte, error) { return c.ReadFile(ctx, path) })
}

func (l *line) Open(ctx context.Context, path string) (io.ReadCloser, error) {
	return over(ctx, l, func(c Conn) (io.ReadCloser, error) { return c.Open(ctx, path) })
}

func (l *line) List(ctx context.Context, dir string) ([]remote.Entry, error) {
	return over(ctx, l, func(c Conn) ([]remote.Entry, error) { return c.List(ctx, dir) })
}

func (l *line) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	return over(ctx, l, func(c Conn) (net.Conn, error) { return c.Dial(ctx, network, address) })
}

func (l *line) Ask(ctx context.Context, s remote.Script) ([]byte, error) {
	return over(ctx, l, func(c Conn) ([]byte, error) { return c.Ask(ctx, s) })
}

func (l *line) Listen(ctx context.Context, addresses []string) (io.Closer, error) {
	return over(ctx, l, func(c Conn) (io.Closer, error) { return c.Listen(ctx, addresses) })
}

func (l *line) Hold(ctx context.Context, unit string) (remote.Hold, error) {
	return over(ctx, l, func(c Conn) (remote.Hold, error) { return c.Hold(ctx, unit) })
}

func (l *line) Keep(ctx context.Context, k remote.Keeping) error {
	return l.through(ctx, func(c Conn) error { return c.Keep(ctx, k) })
}

func (l *line) Rename(ctx context.Context, from, to string) error {
	return l.through(ctx, func(c Conn) error { return c.Rename(ctx, from, to) })
}

func (l *line) Sweep(ctx context.Context, dirs []string) error {
	return l.through(ctx, func(c Conn) error { return c.Sweep(ctx, dirs) })
}

func (l *line) TakeLock(ctx context.Context, file, scratch string, data []byte) (*remote.Lock, error) {
	return over(ctx, l, func(c Conn) (*remote.Lock, error) { return c.TakeLock(ctx, file, scratch, data) })
}

func (l *line) SeeLock(ctx context.Context, file, scratch string) (*remote.Lock, error) {
	return over(ctx, l, func(c Conn) (*remote.Lock, error) { return c.SeeLock(ctx, file, scratch) })
}

func (l *line) RenewLock(ctx context.Context, file string, data []byte) error {
	return l.through(ctx, func(c Conn) error { return c.RenewLock(ctx, file, data) })
}

func (l *line) DropLock(ctx context.Context, file, scratch string, data []byte) error {
	return l.through(ctx, func(c Conn) error { return c.DropLock(ctx, file, scratch, data) })
}

func (l *line) Do(ctx context.Context, command remote.Command) error {
	return l.through(ctx, func(c Conn) error { return c.Do(ctx, command) })
}

func (l *line) Stage(ctx context.Context, files []artifact.File) (remote.Staged, error) {
	return over(ctx, l, func(c Conn) (remote.Staged, error) {
		staged, err := c.Stage(ctx, files)
		if err != nil {
			_, again := l.sweepStaged(context.WithoutCancel(ctx), c, files, err)
			return nil, errors.Join(err, again)
		}
		return stagedOver{staged, l, c, files}, nil
	})
}

// stagedOver is what waits on a host, and belongs to the connection over which it was staged: after that is lost it cannot be
// committed any more, only taken off.
type stagedOver struct {
	remote.Staged
	line  *line
	conn  Conn
	files []artifact.File
}

// Commit fails over a connection that was lost.
func (s stagedOver) Commit(ctx context.Context) error { return s.line.heard(s.Staged.Commit(ctx)) }

// Discard takes the staged files off over whichever connection stands.
func (s stagedOver) Discard(ctx context.Context) error {
	if err := s.Staged.Discard(ctx); err != nil {
		swept, again := s.line.sweepStaged(ctx, s.conn, s.files, err)
		if !swept {
			return errors.Join(err, again)
		}
		return again
	}
	return nil
}

// sweepStaged takes off what was staged over a connection that turns out to be lost.
func (l *line) sweepStaged(ctx context.Context, was Conn, files []artifact.File, why error) (swept bool, err error) {
	_ = l.heard(why)
	if now, err := l.open(ctx); err != nil || now == was {
		return false, err
	}
	var dirs []string
	for _, f := range files {
		if !f.IsDir() {
			dirs = append(dirs, remote.StagingDir(path.Dir(f.Path)))
		}
	}
	slices.Sort(dirs)
	return true, l.Sweep(ctx, slices.Compact(dirs))
}
