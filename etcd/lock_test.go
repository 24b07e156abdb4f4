package etcd

import (
	"context"
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
	third.session.Orphan()
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

func TestWithoutQuorumThereIsNoLock(t *testing.T) {
	spec := alone(t)
	lock, held, err := TakeLock(context.Background(), spec, adminTLS(t, issued(t, spec)), directly, []byte("anna"), nil)
	if lock != nil || held != nil || err == nil {
		t.Errorf("nothing listens, and the lock is %v, held by %q, %v", lock, held, err)
	}
}
