package rollout_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"hardway/remote"
	"hardway/rollout"
)

// locks is those of an operator who renews every 20 ms and is taken for dead after so long.
func locks(id string, who rollout.Operator, stale time.Duration) *rollout.Locks {
	return &rollout.Locks{
		Holder: rollout.Holder{ID: id, Operator: who, Since: time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC), Command: "hardway apply all"},
		Stale:  stale, Renew: 20 * time.Millisecond, Parallel: 4, Tell: func(string, string) {},
	}
}

// anna works on another machine; nothing is known of her processes.
var anna = rollout.Operator{User: "anna", Host: "desk", Boot: "her boot", PID: 4711}

func (s *site) lockFile() string { return filepath.Join(s.root, rollout.LockPath) }

func (s *site) lockDirIsGone() {
	s.t.Helper()
	if _, err := os.Stat(filepath.Join(s.root, "var/lib/hardway/.hardway-lock")); !os.IsNotExist(err) {
		s.t.Errorf("the directory that locks are made in was left: %v", err)
	}
}

func TestALockIsTakenByOneAndToldByName(t *testing.T) {
	s := newSite(t)
	first, second := locks("one", anna, time.Hour), locks("two", rollout.Operator{User: "bert", Host: "lap"}, time.Hour)
	hosts := []remote.Changer{s.conn}
	must(t, first.Take(t.Context(), hosts))
	if info, err := os.Stat(s.lockFile()); err != nil || info.Mode() != 0o600 {
		t.Errorf("the lock: %v, %v; want mode 0600", info, err)
	}
	err := second.Take(t.Context(), hosts)
	if err == nil || !strings.Contains(err.Error(), "h1: /var/lib/hardway/lock: is being changed by somebody else: lock one of anna@desk (process 4711) for `hardway apply all`, since 2026-05-04T03:02:01Z") {
		t.Errorf("the second is told %v", err)
	}
	must(t, second.Release(t.Context()))
	if !first.Holds(hosts) || second.Holds(hosts) {
		t.Error("the second took something")
	}
	must(t, first.Release(t.Context()))
	s.lockDirIsGone()
	must(t, second.Take(t.Context(), hosts))
	must(t, second.Release(t.Context()))
	if _, err := os.Stat(s.lockFile()); !os.IsNotExist(err) {
		t.Errorf("the lock stays: %v", err)
	}
}

// elsewhere is another host of the same connection: only its name and what it does about locks count.
type elsewhere struct {
	*remote.Client
	taken bool
}

func (*elsewhere) Host() string { return "h2" }

func (e *elsewhere) TakeLock(context.Context, string, string, []byte) (*remote.Lock, error) {
	e.taken = true
	return nil, nil
}

func (e *elsewhere) DropLock(context.Context, string, string, []byte) error {
	e.taken = false
	return nil
}

func TestAllHostsAreLockedOrNone(t *testing.T) {
	s := newSite(t)
	must(t, locks("one", anna, time.Hour).Take(t.Context(), []remote.Changer{s.conn}))
	free := &elsewhere{Client: s.dial()}
	second := locks("two", rollout.Operator{User: "bert", Host: "lap"}, time.Hour)
	if err := second.Take(t.Context(), []remote.Changer{free, s.conn}); err == nil {
		t.Fatal("a host that somebody else holds was locked")
	}
	if free.taken || second.Holds([]remote.Changer{free}) {
		t.Error("the other host stays locked")
	}
}

func TestALockThatIsNotRenewedGoesStale(t *testing.T) {
	s := newSite(t)
	hosts, hers := []remote.Changer{s.conn}, s.dial()
	first, second := locks("one", anna, 3*time.Second), locks("two", rollout.Operator{User: "bert", Host: "lap"}, 3*time.Second)
	must(t, first.Take(t.Context(), []remote.Changer{hers}))
	long := time.Now().Add(-time.Minute)
	must(t, os.Chtimes(s.lockFile(), long, long))
	time.Sleep(300 * time.Millisecond)
	seen, stands, err := second.SeeLock(t.Context(), s.conn)
	if err != nil || !stands || seen.State != rollout.Alive {
		t.Errorf("a lock that is renewed: %+v, %v, %v", seen, stands, err)
	}
	must(t, hers.Close())
	must(t, os.Chtimes(s.lockFile(), long, long))
	if seen, _, err = second.SeeLock(t.Context(), s.conn); err != nil || seen.State != rollout.Stale || seen.Age < 59*time.Second {
		t.Errorf("a lock that is not renewed: %+v, %v", seen, err)
	}
	err = second.Take(t.Context(), hosts)
	if err == nil || !strings.Contains(err.Error(), "was left by a run that has ended") {
		t.Errorf("the second is told %v", err)
	}
	must(t, second.Break(t.Context(), s.conn, seen))
	must(t, second.Take(t.Context(), hosts))
	s.lockDirIsGone()
}

func TestARunThatLosesItsLockStops(t *testing.T) {
	for name, lose := range map[string]func(file string) error{
		"gone": os.Remove,
		"another's": func(file string) error {
			return errors.Join(os.WriteFile(file+".another", []byte(`{"id":"another"}`), 0o600), os.Rename(file+".another", file))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			l := locks("one", anna, time.Hour)
			must(t, l.Take(t.Context(), []remote.Changer{s.conn}))
			ctx, done := l.Guard(t.Context())
			defer done()
			ready := s.stage(s.compare(s.want(before)))
			must(t, lose(s.lockFile()))
			select {
			case <-ctx.Done():
			case <-time.After(5 * time.Second):
				t.Fatal("the run goes on")
			}
			if cause := context.Cause(ctx); !strings.Contains(cause.Error(), "the lock of this run is gone, or another's") {
				t.Errorf("the cause is %v", cause)
			}
			if err := ready.Commit(ctx); !errors.Is(err, context.Canceled) {
				t.Errorf("the commit: %v", err)
			}
			if got := s.holds(true); strings.Contains(got, "a1") && !strings.Contains(got, ".hardway-stage") {
				t.Errorf("it was committed:\n%s", got)
			}
			must(t, l.Release(t.Context()))
			if name == "another's" {
				if _, err := os.Stat(s.lockFile()); err != nil {
					t.Errorf("the other's lock was taken off: %v", err)
				}
			}
		})
	}
}

func TestADeadRunOfThisMachineIsTakenOver(t *testing.T) {
	me := rollout.ThisOperator()
	dead := me
	dead.Started += "0"
	rebooted := me
	rebooted.Boot, rebooted.PID = "before", 1
	elsewhere := dead
	elsewhere.Host = "elsewhere"
	contained := dead
	contained.Namespace = "pid:[1]"
	for name, c := range map[string]struct {
		holder rollout.Operator
		silent time.Duration
		over   bool
	}{
		"its process is no more": {dead, 0, true}, "the machine has booted since": {rebooted, 50 * time.Minute, me.Machine != ""},
		"a copy of this machine is at work": {rebooted, 0, false},
		"it runs":                           {me, 0, false}, "another machine": {elsewhere, 0, false}, "another container of this machine": {contained, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			hers := s.dial()
			must(t, locks("one", c.holder, time.Hour).Take(t.Context(), []remote.Changer{hers}))
			must(t, hers.Close())
			renewed := time.Now().Add(-c.silent)
			must(t, os.Chtimes(s.lockFile(), renewed, renewed))
			mine := locks("two", me, time.Hour)
			mine.Renew = 20 * time.Second
			err := mine.Take(t.Context(), []remote.Changer{s.conn})
			if (err == nil) != c.over {
				t.Errorf("taken over: %v, want %v (%v)", err == nil, c.over, err)
			}
		})
	}
}

// A run whose lock was broken finds out before its next change, not when its timer wakes up.
func TestARunAsksBeforeItStagesAndBeforeItCommits(t *testing.T) {
	s := newSite(t)
	l := locks("one", anna, time.Hour)
	l.Renew = time.Hour
	must(t, l.Take(t.Context(), []remote.Changer{s.conn}))
	want := s.want(before)
	asked := 0
	want.Confirm = func(ctx context.Context, host remote.Changer) error {
		asked++
		return l.Confirm(ctx, host)
	}
	change := s.compare(want)
	ready := s.stage(change)
	must(t, os.Remove(s.lockFile()))
	if err := ready.Commit(t.Context()); err == nil || !strings.Contains(err.Error(), "is gone, or another's") || asked != 2 {
		t.Errorf("asked %d times, the commit: %v", asked, err)
	}
	if _, err := (rollout.Batch{ready.Host}).Stage(t.Context(), 1); err == nil || !strings.Contains(err.Error(), "is gone, or another's") {
		t.Errorf("staged without a lock: %v", err)
	}
}

// late is a host that needs long for whatever is asked about locks.
type late struct {
	remote.Changer
	needs  time.Duration
	locked bool
}

func (*late) Host() string { return "h3" }

func (h *late) TakeLock(context.Context, string, string, []byte) (*remote.Lock, error) {
	h.locked = true
	return nil, nil
}

func (*late) RenewLock(context.Context, string, []byte) error { return nil }

func (h *late) DropLock(ctx context.Context, _, _ string, _ []byte) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(h.needs):
		h.locked = false
		return nil
	}
}

// What is given up halfway is rubbish on the host, and nobody looks for it where a rerun has nothing to do.
func TestASlowHostIsGivenTheTimeToLoseItsLock(t *testing.T) {
	for needs, stays := range map[time.Duration]bool{12 * time.Second: false, time.Minute: true} {
		synctest.Test(t, func(t *testing.T) {
			host, l := &late{needs: needs}, locks("one", anna, time.Hour)
			must(t, l.Take(t.Context(), []remote.Changer{host}))
			begun := time.Now()
			must(t, l.Release(t.Context()))
			if took := time.Since(begun); host.locked != stays || took > 20*time.Second {
				t.Errorf("the host needs %s, its lock stays: %v, after %s", needs, host.locked, took)
			}
		})
	}
}
