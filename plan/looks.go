package plan

import (
	"sync"

	"hardway/rollout"
)

// looks is what steps of one run have found out about hosts: where a step has changed nothing, the next one need not look
// again. Whatever acts, or has waited for somebody else to act, forgets.
type looks struct {
	mu   sync.Mutex
	seen map[string]rollout.Change
}

// of is a host's difference as it was seen, or as it is found now.
func (l *looks) of(host string, look func() (rollout.Change, error)) (rollout.Change, error) {
	l.mu.Lock()
	c, ok := l.seen[host]
	l.mu.Unlock()
	if ok {
		return c, nil
	}
	c, err := look()
	if err != nil {
		return c, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen == nil {
		l.seen = map[string]rollout.Change{}
	}
	l.seen[host] = c
	return c, nil
}

// last is a host's difference as it was seen, where that still holds.
func (l *looks) last(host string) (rollout.Change, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, ok := l.seen[host]
	return c, ok
}

func (l *looks) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = nil
}
