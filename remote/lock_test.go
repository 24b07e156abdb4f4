package remote_test

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"hardway/remote"
	"hardway/test/sshd"
)

func TestOfManyWhoTakeALockOneGetsIt(t *testing.T) {
	h := startHost(t, sshd.Options{})
	file := t.TempDir() + "/var/lock"
	var got atomic.Int32
	var all sync.WaitGroup
	for _, name := range []string{"a", "b", "c", "d"} {
		client := h.dial(t)
		all.Go(func() {
			held, err := client.TakeLock(t.Context(), file, name, []byte("holder "+name))
			switch {
			case err != nil:
				t.Error(err)
			case held == nil:
				got.Add(1)
			case len(held.Data) != len("holder x"):
				t.Errorf("%s sees half a lock: %q", name, held.Data)
			}
		})
	}
	all.Wait()
	if got.Load() != 1 {
		t.Errorf("%d got the lock, want 1", got.Load())
	}
	if info, err := os.Stat(file); err != nil || info.Mode() != 0o600 {
		t.Errorf("the lock: %v, %v; want mode 0600", info, err)
	}
}

func TestALockIsSeenRenewedAndTakenOffByItsHolder(t *testing.T) {
	client := startHost(t, sshd.Options{}).dial(t)
	dir := t.TempDir()
	file, ours, others := dir+"/lock", []byte("ours"), []byte("another's")
	if held, err := client.SeeLock(t.Context(), file, "x"); held != nil || err != nil {
		t.Errorf("there is no lock, seen is %v, %v", held, err)
	}
	held, err := client.TakeLock(t.Context(), file, "x", ours)
	must(t, err)
	if held != nil {
		t.Fatalf("another holds the lock: %+v", held)
	}
	long := time.Now().Add(-time.Hour)
	must(t, os.Chtimes(file, long, long))
	held, err = client.SeeLock(t.Context(), file, "x")
	must(t, err)
	if string(held.Data) != "ours" || held.Age < 59*time.Minute || held.Age > 61*time.Minute {
		t.Errorf("seen is %q, %s old", held.Data, held.Age)
	}
	for doing, err := range map[string]error{
		"renewed": client.RenewLock(t.Context(), file, others), "taken off": client.DropLock(t.Context(), file, "x", others),
	} {
		if !errors.Is(err, remote.ErrLockLost) {
			t.Errorf("another's lock is %s: %v", doing, err)
		}
	}
	must(t, client.RenewLock(t.Context(), file, ours))
	if held, err = client.SeeLock(t.Context(), file, "x"); err != nil || held.Age > time.Minute {
		t.Errorf("renewed just now, it is %s old, %v", held.Age, err)
	}
	must(t, client.DropLock(t.Context(), file, "x", ours))
	if left := tree(t, dir); len(left) > 0 {
		t.Errorf("there is left %v", left)
	}
	if err := client.RenewLock(t.Context(), file, ours); !errors.Is(err, remote.ErrLockLost) {
		t.Errorf("a lock that is gone is renewed: %v", err)
	}
}
