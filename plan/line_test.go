package plan

import (
	"context"
	"errors"
	"io/fs"
	"testing"
	"testing/synctest"
	"time"

	"hardway/remote"
)

// fragile is a connection that ends when it is told to.
type fragile struct {
	remote.Changer
	ended chan struct{}
}

func (f fragile) Done() <-chan struct{} { return f.ended }
func (f fragile) Close() error          { return nil }

// Rename fails when the connection has ended.
func (f fragile) Rename(context.Context, string, string) error {
	select {
	case <-f.ended:
		return errors.New("lost the connection")
	default:
		return nil
	}
}

func (f fragile) List(context.Context, string) ([]remote.Entry, error) { return nil, fs.ErrNotExist }

// A host whose connection is lost is dialled until it is back, a minute at most; one that never answered is not.
func TestLostConnectionIsDialledAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var last fragile
		var back time.Time
		dials := 0
		l := newLine("m1", func(context.Context) (Conn, error) {
			if dials++; time.Now().Before(back) {
				return nil, errors.New("no route to host")
			}
			last = fragile{ended: make(chan struct{})}
			return last, nil
		})
		move := func(want bool) time.Duration {
			t.Helper()
			began := time.Now()
			if err := l.Rename(t.Context(), "a", "b"); (err == nil) != want {
				t.Errorf("a rename: %v", err)
			}
			return time.Since(began)
		}
		began := time.Now()
		back = began.Add(time.Second)
		if move(false); time.Now() != began || dials != 1 {
			t.Errorf("a host that was never reached was dialled %d times for %s", dials, time.Since(began))
		}
		time.Sleep(failedFor)
		move(true)
		if _, err := l.List(t.Context(), "dir"); !errors.Is(err, fs.ErrNotExist) || move(true) != 0 || dials != 2 {
			t.Errorf("a directory that is missing: %v, %d dials", err, dials)
		}

		close(last.ended)
		back = time.Now().Add(30 * time.Second)
		if took := move(true); took != 30*time.Second {
			t.Errorf("the host was back after 30 s, and reached after %s", took)
		}

		// One that stays away is dialled for a minute, and then from time to time.
		close(last.ended)
		back = time.Now().Add(time.Hour)
		if took := move(false); took != redialFor {
			t.Errorf("given up after %s", took)
		}
		if took := move(false); took != 0 {
			t.Errorf("and asked again for %s", took)
		}
		time.Sleep(time.Hour)
		move(true)

		// Who is told to stop does, and the next who asks is served.
		close(last.ended)
		back = time.Now().Add(5 * time.Second)
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := l.Rename(short, "a", "b"); err == nil {
			t.Error("a rename over no connection worked")
		}
		move(true)
	})
}
