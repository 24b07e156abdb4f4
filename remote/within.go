package remote

import (
	"context"
	"io"
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
		_, err := io.Copy(in, from)
		_ = in.CloseWithError(err)
	}()
	return out
}

// severableInto hands on what is written, until it is severed: then whoever writes is told at once, also while nothing is
// taken in. SSH takes in no more than the host has made room for.
func severableInto(to io.WriteCloser) *io.PipeWriter {
	out, in := io.Pipe()
	go func() {
		_, err := io.Copy(to, out)
		_ = out.CloseWithError(err)
		_ = to.Close()
	}()
	return in
}
