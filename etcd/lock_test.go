package etcd

import (
	"context"
	"strings"
	"testing"
	"time"
)

func TestTheLockIsHeldByOneAndToldByItsWords(t *testing.T) {
	ms := formed(t)
	take := func(words, takeOver string) (*Lock, string) {
		t.Helper()
		lock, held, err := TakeLock(t.Context(), ms.spec, adminTLS(t, ms.store), directly, []byte(words), []byte(takeOver))
		if err != nil {
			t.Fatal(err)
		}
		return lock, string(held)
	}
	first, held := take("anna", "")
	if first == nil || held != "" {
		t.Fatalf("the lock is free, and %q holds it", held)
	}
	if lock, held := take("bert", ""); lock != nil || held != "anna" {
		t.Errorf("the second got it: %v, held by %q", lock, held)
	}
	if lock, held := take("bert", "carl"); lock != nil || held != "anna" {
		t.Errorf("the second took over what carl does not hold: %v, held by %q", lock, held)
	}
	second, held := take("bert", "anna")
	if second == nil || held != "" {
		t.Fatalf("it is not taken over, %q holds it", held)
	}
	// The one it was taken from gives back nothing that is not its own.
	first.Release()
	if lock, held := take("carl", ""); lock != nil || held != "bert" {
		t.Errorf("what was taken over is free: %v, held by %q", lock, held)
	}
	second.Release()
	third, held := take("carl", "")
	if third == nil {
		t.Fatalf("what was given back is held by %q", held)
	}
	// A holder that dies gives nothing back: the lease ends.
	_ = third.client.Close()
	for end := time.Now().Add(4 * lockTTL * time.Second); ; time.Sleep(time.Second) {
		if lock, _ := take("anna", ""); lock != nil {
			lock.Release()
			break
		}
		if time.Now().After(end) {
			t.Fatal("the lock of a dead holder stays")
		}
	}
}

// Members restart while the lock is held: none may wait for its holder, and the lock may not end meanwhile.
func TestTheLockOutlivesMembersAndKeepsNoneFromStopping(t *testing.T) {
	ms := formed(t)
	lock, _, err := TakeLock(t.Context(), ms.spec, adminTLS(t, ms.store), directly, []byte("anna"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	left := func() int64 {
		t.Helper()
		answer, err := lock.client.TimeToLive(t.Context(), lock.lease)
		if err != nil {
			t.Fatal(err)
		}
		return answer.TTL
	}
	before, end := left(), time.Now().Add(lockTTL*time.Second)
	for now := left(); now <= before; before, now = now, left() {
		if time.Now().After(end) {
			t.Fatal("the lease is not renewed")
		}
		time.Sleep(500 * time.Millisecond)
	}
	for _, m := range ms.of {
		begun := time.Now()
		m.stop()
		// Without anybody to wait for it takes a second.
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("%s took %s to stop", m.node.Name, took)
		}
		m.start()
		m.awaitReady()
	}
	if lock, held, err := TakeLock(t.Context(), ms.spec, adminTLS(t, ms.store), directly, []byte("bert"), nil); lock != nil || string(held) != "anna" {
		t.Errorf("it did not outlive them: %v, held by %q, %v", lock, held, err)
	}
}

func TestAHolderLearnsThatItsLeaseIsGone(t *testing.T) {
	ms := formed(t)
	lock, _, err := TakeLock(t.Context(), ms.spec, adminTLS(t, ms.store), directly, []byte("anna"), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Release()
	if err := lock.Confirm(t.Context()); err != nil {
		t.Errorf("it is held, and %v", err)
	}
	if _, err := lock.client.Revoke(t.Context(), lock.lease); err != nil {
		t.Fatal(err)
	}
	if err := lock.Confirm(t.Context()); err == nil || !strings.Contains(err.Error(), "is gone, or another's") {
		t.Errorf("it is gone, and confirmed with %v", err)
	}
	select {
	case <-lock.Lost():
	case <-time.After(2 * lockTTL * time.Second):
		t.Error("nobody is told")
	}
}

func TestWithoutQuorumThereIsNoLock(t *testing.T) {
	spec := alone(t)
	lock, held, err := TakeLock(context.Background(), spec, adminTLS(t, issued(t, spec)), directly, []byte("anna"), nil)
	if lock != nil || held != nil || err == nil {
		t.Errorf("nothing listens, and the lock is %v, held by %q, %v", lock, held, err)
	}
}
