package rollout

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"hardway/remote"
)

// taken is a host whose lock another operator has broken. Whatever else it is asked for ends the test: there is nothing under it.
type taken struct{ remote.Changer }

func (taken) Host() string { return "m1" }

func (taken) TakeLock(context.Context, string, string, []byte) (*remote.Lock, error) { return nil, nil }

func (taken) RenewLock(context.Context, string, []byte) error { return remote.ErrLockLost }

// broken is the locks of a run on such a host.
func broken(t *testing.T) *Locks {
	t.Helper()
	l := &Locks{Holder: Holder{ID: "one"}, Stale: 1 << 40, Renew: 1 << 40, Parallel: 1, Tell: func(string, string) {}}
	if err := l.Take(t.Context(), []remote.Changer{taken{}}); err != nil {
		t.Fatal(err)
	}
	return l
}

// Whatever changes a host, the lock is confirmed first.
func TestNoMoveIsMadeOnAHostWhoseLockIsBroken(t *testing.T) {
	for verb := range moves {
		if slices.Contains([]Verb{Check, Leave}, verb) {
			continue
		}
		t.Run(string(verb), func(t *testing.T) {
			l := broken(t)
			r := rolling{
				Roller:  Roller{Parallel: 1, Locks: l, Conns: map[string]remote.Changer{"m1": taken{}}, Tell: func(string, string, string) {}},
				ready:   map[string]Ready{"m1": {Host: Host{Conn: taken{}}, kept: &keeping{dir: unfinishedDir}}},
				confirm: l.Confirm,
			}
			err := r.move(t.Context(), one("m1", verb, "kube-apiserver.service", ""))
			if err == nil || !strings.Contains(err.Error(), "the lock of this run is gone, or another's") {
				t.Errorf("got %v", err)
			}
			if !errors.Is(l.lost.Err(), context.Canceled) {
				t.Error("the run goes on elsewhere")
			}
		})
	}
}

// What a run began on a host that is another's by now stays as it is.
func TestAHostWhoseLockIsBrokenIsNotPutBack(t *testing.T) {
	l := broken(t)
	r := rolling{Roller: Roller{Parallel: 1, Locks: l, Conns: map[string]remote.Changer{"m1": taken{}}, Tell: func(string, string, string) {}}}
	err := r.putBack(t.Context(), "m1", []Move{one("m1", RestartUnit, "kube-apiserver.service", "")}, errors.New("the reason"))
	if err == nil || !strings.Contains(err.Error(), "left as it stands") || !strings.Contains(err.Error(), "the reason") {
		t.Errorf("got %v", err)
	}
}
