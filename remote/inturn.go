package remote

import (
	"errors"
	"io"
	"sync"
)

// inTurn asks the host n things, in order, but without waiting for an answer in between. The SFTP client sends each
// question in one write, in the goroutine that asks it, and offers no other way to say which comes first.
func (f *files) inTurn(n int, ask func(i int) error) error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		select {
		case <-f.asked:
		default:
		}
		answered := make(chan struct{})
		wg.Go(func() {
			errs[i] = ask(i)
			close(answered)
		})
		select {
		case <-f.asked:
		case <-answered:
		}
	}
	wg.Wait()
	return errors.Join(errs...)
}

// signalling tells of each write.
type signalling struct {
	io.WriteCloser
	written chan<- struct{}
}

// Write writes, then tells, unless it has been told already.
func (s signalling) Write(p []byte) (int, error) {
	n, err := s.WriteCloser.Write(p)
	select {
	case s.written <- struct{}{}:
	default:
	}
	return n, err
}
