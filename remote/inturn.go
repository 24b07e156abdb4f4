package remote

import (
	"errors"
	"io"
	"sync"
)

// inTurn asks the host n things, in order, but without waiting for an answer in between: all of them travel together, in
// one packet of SSH as far as they fit. A connection that is lost then loses either all of them or none. The SFTP client
// sends each question in one write, in the goroutine that asks it, and offers no other way to say which comes first.
func (f *files) inTurn(n int, ask func(i int) error) error {
	f.turn.Lock()
	defer f.turn.Unlock()
	errs := make([]error, n)
	var wg sync.WaitGroup
	f.out.hold()
	for i := range n {
		select {
		case <-f.out.written:
		default:
		}
		answered := make(chan struct{})
		wg.Go(func() {
			errs[i] = ask(i)
			close(answered)
		})
		select {
		case <-f.out.written:
		case <-answered:
		}
	}
	err := f.out.release()
	wg.Wait()
	return errors.Join(append(errs, err)...)
}

// outbox is what goes out to a host. It tells of each write, and can hold writes back to send them as one.
type outbox struct {
	io.WriteCloser
	// written tells that something was sent, or put to what is held.
	written chan struct{}

	mu      sync.Mutex
	holding bool
	held    []byte
}

// Write sends, or holds back, then tells, unless it has been told already.
func (o *outbox) Write(p []byte) (n int, err error) {
	o.mu.Lock()
	if n = len(p); o.holding {
		o.held = append(o.held, p...)
	} else {
		n, err = o.WriteCloser.Write(p)
	}
	o.mu.Unlock()
	select {
	case o.written <- struct{}{}:
	default:
	}
	return n, err
}

// hold keeps back what is written from now on.
func (o *outbox) hold() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.holding = true
}

// release sends what was held back, in one write.
func (o *outbox) release() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	held := o.held
	o.holding, o.held = false, nil
	if len(held) == 0 {
		return nil
	}
	_, err := o.WriteCloser.Write(held)
	return err
}
