package remote

import (
	"context"
	"io"
	"sync"
)

// within does something until the context ends. What do still waits for then is left to end with the connection: SSH has
// no way to take a question back, and a host may hang for as long as it likes.
func within(ctx context.Context, do func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// severable hands on what a reader gives, until it is severed: then whoever reads is told at once, also while nothing
// comes.
func severable(from io.Reader) *io.PipeReader {
	out, in := io.Pipe()
	go func() {
		// Answers are short, and there is one of these for each host.
		_, err := io.CopyBuffer(in, from, make([]byte, answerBytes))
		_ = in.CloseWithError(err)
	}()
	return out
}

const answerBytes = 4 << 10

// severableWriter hands on what is written, until it is severed: then whoever writes is told at once, also while nothing is
// taken in. SSH takes in no more than the host has made room for.
type severableWriter struct {
	to      io.WriteCloser
	parts   chan []byte
	taken   chan taken
	severed chan struct{}
	once    sync.Once
}

// taken is how a write went.
type taken struct {
	n   int
	err error
}

func severableInto(to io.WriteCloser) *severableWriter {
	w := &severableWriter{to: to, parts: make(chan []byte), taken: make(chan taken, 1), severed: make(chan struct{})}
	go w.hand()
	return w
}

// hand gives on one part after the other, as it is: nothing is copied.
func (w *severableWriter) hand() {
	for {
		select {
		case p := <-w.parts:
			n, err := w.to.Write(p)
			w.taken <- taken{n, err}
		case <-w.severed:
			_ = w.to.Close()
			return
		}
	}
}

// Write is for one at a time.
func (w *severableWriter) Write(p []byte) (int, error) {
	select {
	case w.parts <- p:
	case <-w.severed:
		return 0, io.ErrClosedPipe
	}
	select {
	case t := <-w.taken:
		return t.n, t.err
	case <-w.severed:
		return 0, io.ErrClosedPipe
	}
}

// Close severs.
func (w *severableWriter) Close() error {
	w.once.Do(func() { close(w.severed) })
	return nil
}
