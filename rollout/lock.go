package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"hardway/cluster"
	"hardway/remote"
)

// LockPath is the file that says who changes a host now.
const LockPath = "/var/lib/hardway/lock"

// Holder is who holds a lock, as the lock says.
type Holder struct {
	// ID is the run's, and the name by which its locks are broken.
	ID string `json:"id"`
	Operator
	// Since is by the operator's clock; Command is what was typed, without flags.
	Since   time.Time `json:"since"`
	Command string    `json:"command"`
}

// Locks is the locks of one run on the hosts that it changes.
type Locks struct {
	Holder Holder
	// Stale is how long a lock may go without being renewed, by its host's clock, until its holder is taken for dead; Renew
	// is how often it is renewed.
	Stale, Renew time.Duration
	Parallel     int
	// Tell reports what a person should know.
	Tell func(host, message string)

	mu   sync.Mutex
	held map[string]remote.Changer
	data []byte
	// lost ends when a lock is found gone or another's, and with the run.
	lost context.Context
	lose context.CancelCauseFunc
	// also is a lock that the run holds besides; nil without one.
	also Further
	// forgets is the hosts on which nothing of hardway's is left but the lock.
	forgets []string
}

// Holds reports whether all of these hosts are locked by the run.
func (l *Locks) Holds(hosts []remote.Changer) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !slices.ContainsFunc(hosts, func(h remote.Changer) bool { return l.held[h.Host()] == nil })
}

// Take locks hosts, all of them or none. A lock of a run that is known to be dead, because it ran on this machine, is taken
// over; any other is an error that says whose it is.
func (l *Locks) Take(ctx context.Context, hosts []remote.Changer) error {
	if err := l.begin(ctx); err != nil {
		return err
	}
	fresh := slices.DeleteFunc(slices.Clone(hosts), func(h remote.Changer) bool { return l.Holds([]remote.Changer{h}) })
	if len(fresh) == 0 {
		return nil
	}
	// The first alone: of two runs that begin at the same moment one gets it, and then all of them.
	slices.SortFunc(fresh, func(a, b remote.Changer) int { return strings.Compare(a.Host(), b.Host()) })
	err := l.take(ctx, fresh[0])
	if err == nil {
		err = remote.ForEach(ctx, fresh[1:], l.Parallel, l.take)
	}
	if err == nil {
		return nil
	}
	var taken []remote.Changer
	for _, h := range fresh {
		if l.Holds([]remote.Changer{h}) {
			taken = append(taken, h)
		}
	}
	return errors.Join(err, l.release(ctx, taken))
}

// TakeOver locks those of the hosts on which a run of this machine died and left its lock, so that it goes when the locks of
// this run do. What may be somebody else's stays.
func (l *Locks) TakeOver(ctx context.Context, hosts []remote.Changer) error {
	return remote.ForEach(ctx, hosts, l.Parallel, func(ctx context.Context, h remote.Changer) error {
		if l.Holds([]remote.Changer{h}) {
			return nil
		}
		seen, stands, err := l.SeeLock(ctx, h)
		if err != nil || stands && seen.State != Dead {
			return err
		}
		err = l.Take(ctx, []remote.Changer{h})
		if _, anothers := errors.AsType[cluster.Problems](err); anothers {
			return nil
		}
		return err
	})
}

// begin makes the content of the locks.
func (l *Locks) begin(ctx context.Context) (err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held != nil {
		return nil
	}
	if l.data, err = json.MarshalIndent(l.Holder, "", "  "); err != nil {
		return err
	}
	l.data = append(l.data, '\n')
	l.held = map[string]remote.Changer{}
	l.lost, l.lose = context.WithCancelCause(context.WithoutCancel(ctx))
	return nil
}

func (l *Locks) take(ctx context.Context, host remote.Changer) error {
	held, err := host.TakeLock(ctx, LockPath, l.Holder.ID, l.data)
	if err != nil {
		return err
	}
	if held == nil {
		l.mu.Lock()
		l.held[host.Host()] = host
		l.mu.Unlock()
		go l.renew(host)
		return nil
	}
	seen := l.judge(host.Host(), *held)
	if seen.State != Dead {
		return cluster.Problems{seen.Problem()}
	}
	l.Tell(host.Host(), "taking over "+seen.String()+": that process is no more")
	if err := host.DropLock(ctx, LockPath, l.Holder.ID, held.Data); err != nil && !errors.Is(err, remote.ErrLockLost) {
		return err
	}
	return l.take(ctx, host)
}

// renew keeps a lock young until it is taken off. It waits for as long as the host takes: what is being sent there may hold
// it up, and ending it would end that too. A host that does not answer at all loses its connection.
func (l *Locks) renew(host remote.Changer) {
	for {
		select {
		case <-l.lost.Done():
			return
		case <-time.After(l.Renew):
		}
		if !l.Holds([]remote.Changer{host}) {
			return
		}
		err := l.renewOne(l.lost, host)
		if _, lost := errors.AsType[cluster.Problems](err); lost {
			l.lose(err)
		}
	}
}

// renewOne is a Problem when the lock is gone or another's.
func (l *Locks) renewOne(ctx context.Context, host remote.Changer) error {
	err := host.RenewLock(ctx, LockPath, l.data)
	if errors.Is(err, remote.ErrLockLost) && l.Holds([]remote.Changer{host}) {
		return cluster.Problems{{
			Host: host.Host(), Subject: LockPath, Message: "the lock of this run is gone, or another's: the run stops before its next change",
			Hint: "somebody broke it; `hardway unlock` shows who is at work, and the same command goes on later",
		}}
	}
	return err
}

// Release takes all locks of the run off.
func (l *Locks) Release(ctx context.Context) error {
	if l.held == nil {
		return nil
	}
	defer l.lose(context.Canceled)
	return l.release(ctx, l.hosts())
}

// parting bounds how long is tried to take locks off: a host that does not answer would be waited for otherwise. It takes a
// dozen answers, of which a host under load may need a second for each.
const parting = 15 * time.Second

// release also works when the run was interrupted. A host that cannot be reached keeps its lock, which is known for dead by
// this machine, and for stale by others.
func (l *Locks) release(ctx context.Context, hosts []remote.Changer) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), parting)
	defer cancel()
	return remote.ForEach(ctx, hosts, l.Parallel, func(ctx context.Context, h remote.Changer) error {
		l.mu.Lock()
		delete(l.held, h.Host())
		l.mu.Unlock()
		err := h.DropLock(ctx, LockPath, l.Holder.ID, l.data)
		if err == nil && l.forgotten(h.Host()) {
			err = h.Do(ctx, remote.RemoveDirs(path.Dir(LockPath)))
		}
		if err != nil && !errors.Is(err, remote.ErrLockLost) {
			l.Tell(h.Host(), fmt.Sprintf("its lock %s stays: %v", l.Holder.ID, err))
		}
		return nil
	})
}

// Forget has the lock of a host be the last thing of hardway's there: its directory goes with it.
func (l *Locks) Forget(host string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forgets = append(l.forgets, host)
}

func (l *Locks) forgotten(host string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Contains(l.forgets, host)
}

func (l *Locks) hosts() []remote.Changer {
	l.mu.Lock()
	defer l.mu.Unlock()
	var hosts []remote.Changer
	for _, h := range l.held {
		hosts = append(hosts, h)
	}
	return hosts
}
