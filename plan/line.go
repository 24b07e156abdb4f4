package plan

import (
	"context"
	"errors"
	"io/fs"
	"sync/atomic"
	"time"
)

const (
	// redialFor is how long a host is dialled again and again after its connection was lost: a switch that boots, or a route
	// that moves, should not leave a master stopped.
	redialFor = time.Minute
	// redialEvery is the time from one attempt to the next.
	redialEvery = time.Second
	// failedFor is how long the error of the last attempt answers whoever asks next.
	failedFor = 10 * time.Second
	// doubtFor is how long a connection over which something failed is given to turn out to be lost: who waited for an answer
	// may hear of it first.
	doubtFor = 100 * time.Millisecond
)

// line is what a run has to one host: a connection, and another one after that was lost. What was under way when it was lost
// fails; what is asked next goes over the new one.
type line struct {
	host string
	dial func(context.Context) (Conn, error)

	// turn is held by who dials, and guards what follows.
	turn   chan struct{}
	conn   Conn
	closed bool
	// doubt: something failed over the connection.
	doubt atomic.Bool
	// err is why the last attempt failed, and at when.
	err error
	at  time.Time
}

func newLine(host string, dial func(context.Context) (Conn, error)) *line {
	return &line{host: host, dial: dial, turn: make(chan struct{}, 1)}
}

// open is the connection that stands, dialled where there is none. A host that was reached before is given time to come back.
func (l *line) open(ctx context.Context) (Conn, error) {
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if l.conn != nil && (l.closed || l.stands()) {
		return l.conn, nil
	}
	if l.err != nil && time.Since(l.at) < failedFor {
		return nil, l.err
	}
	conn, err := l.redial(ctx)
	if ctx.Err() != nil && err != nil {
		return nil, err
	}
	l.err, l.at = err, time.Now()
	if err != nil {
		return nil, err
	}
	if l.conn != nil {
		_ = l.conn.Close()
	}
	l.conn = conn
	return conn, nil
}

// stands reports whether the connection has not ended.
func (l *line) stands() bool {
	if l.doubt.Swap(false) {
		select {
		case <-l.conn.Done():
		case <-time.After(doubtFor):
		}
	}
	select {
	case <-l.conn.Done():
		return false
	default:
		return true
	}
}

// heard takes note of how something over the connection went.
func (l *line) heard(err error) error {
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		l.doubt.Store(true)
	}
	return err
}

// redial dials once, and for longer where a connection was lost just now.
func (l *line) redial(ctx context.Context) (Conn, error) {
	end := time.Now()
	if l.conn != nil && l.err == nil {
		end = end.Add(redialFor)
	}
	for {
		conn, err := l.dial(ctx)
		if err == nil || !time.Now().Before(end) {
			return conn, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(redialEvery):
		}
	}
}

// Close ends the connection, for good.
func (l *line) Close() error {
	l.turn <- struct{}{}
	defer func() { <-l.turn }()
	l.closed = true
	if l.conn == nil {
		return nil
	}
	return l.conn.Close()
}

// Host is the node's name.
func (l *line) Host() string { return l.host }
