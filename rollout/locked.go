package rollout

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"hardway/cluster"
	"hardway/remote"
)

// LockState is what is known of a lock's holder.
type LockState string

// The states.
const (
	// Alive: the lock is renewed.
	Alive LockState = "alive"
	// Stale: it has not been renewed for longer than any run that is well would let pass.
	Stale LockState = "stale"
	// Dead: the process ran on this machine and is no more.
	Dead LockState = "dead"
)

// Locked is a lock that stands on a host.
type Locked struct {
	Node   string    `json:"node"`
	State  LockState `json:"state"`
	Holder Holder    `json:"holder"`
	// Age is how long ago it was renewed, by the host's clock.
	Age time.Duration `json:"-"`

	data []byte
}

// SeeLock is the lock on a host, and whether there is one.
func (l *Locks) SeeLock(ctx context.Context, host remote.Changer) (Locked, bool, error) {
	held, err := host.SeeLock(ctx, LockPath, l.Holder.ID)
	if err != nil || held == nil {
		return Locked{}, false, err
	}
	return l.judge(host.Host(), *held), true, nil
}

// Break takes off the very lock that was seen.
func (l *Locks) Break(ctx context.Context, host remote.Changer, seen Locked) error {
	return host.DropLock(ctx, LockPath, l.Holder.ID, seen.data)
}

// nameless is the name of a lock that cannot be read.
const nameless = "unreadable"

func (l *Locks) judge(host string, held remote.Lock) Locked {
	seen := Locked{Node: host, State: Alive, Age: held.Age, data: held.Data}
	if err := json.Unmarshal(held.Data, &seen.Holder); err != nil || seen.Holder.ID == "" {
		seen.Holder = Holder{ID: nameless, Operator: Operator{User: "unknown", Host: "unknown"}}
	}
	switch {
	case l.Holder.Gone(seen.Holder.Operator) && (l.Holder.Boot == seen.Holder.Boot || held.Age > 2*l.Renew):
		// Another boot may be that of a copy of this machine, at work: two that were made from one image may share name and
		// machine-id. Then its lock is renewed.
		seen.State = Dead
	case held.Age > l.Stale:
		seen.State = Stale
	}
	return seen
}

// String says whose lock it is.
func (l Locked) String() string {
	h := l.Holder
	return fmt.Sprintf("lock %s of %s (process %d) for `%s`, since %s, renewed %s ago",
		h.ID, h.Operator, h.PID, h.Command, h.Since.UTC().Format(time.RFC3339), l.Age)
}

// Problem says what to do about a lock that is in the way.
func (l Locked) Problem() cluster.Problem {
	p := cluster.Problem{
		Host: l.Node, Subject: LockPath, Message: "is being changed by somebody else: " + l.String(),
		Hint: "wait until that run is done, or ask " + l.Holder.String(),
	}
	if l.State != Alive {
		p.Message = "was left by a run that has ended without taking it off: " + l.String()
		p.Hint = "make sure that it is not at work any more, then run `hardway unlock " + l.Holder.ID + "`"
	}
	return p
}
