package plan

import (
	"context"
	"slices"
	"time"

	"hardway/cluster"
	"hardway/rollout"
)

// lockRenewed is how many times a lock is renewed before it could be taken for stale.
const lockRenewed = 6

// LockStale is how long a lock may go without being renewed, unless Env says otherwise.
const LockStale = 2 * time.Minute

// locked carries a plan out under locks on its hosts. What was planned before they were taken may be out of date by then:
// somebody else may have held them until a moment ago. So it is planned again, and that is carried out.
func (e *Env) locked(ctx context.Context, s Step, action Action) (Report, error) {
	defer e.looks.forget()
	if len(action.Locks) == 0 {
		return action.Do(ctx)
	}
	locks := e.hostLocks()
	for !locks.Holds(action.Locks) {
		if err := locks.Take(ctx, action.Locks); err != nil {
			return Report{}, err
		}
		e.looks.forget()
		var err error
		if action, err = s.Plan(ctx); err != nil || action.Do == nil {
			return action.Report, err
		}
	}
	if action.LocksEtcd {
		if err := e.lockEtcd(ctx); err != nil {
			return Report{}, err
		}
	}
	guarded, stop := locks.Guard(ctx)
	defer stop()
	report, err := action.Do(guarded)
	if lost := context.Cause(guarded); err != nil && lost != nil && ctx.Err() == nil {
		return report, lostWith(lost, err)
	}
	return report, err
}

// lostWith is a lost lock, and what is to be said of hosts besides: how one was left. That the rest was stopped says no more.
func lostWith(lost, err error) error {
	problems := cluster.Problems(slices.Clone(cluster.ProblemsOf(lost)))
	for _, p := range cluster.ProblemsOf(err) {
		if p.Host != "" && !slices.Contains(problems, p) {
			problems = append(problems, p)
		}
	}
	return problems
}

// hostLocks is the locks of this process, none of them taken at first.
func (e *Env) hostLocks() *rollout.Locks {
	if e.locks == nil {
		stale := e.LockStale
		if stale == 0 {
			stale = LockStale
		}
		e.locks = &rollout.Locks{
			Holder: rollout.Holder{ID: e.run.ID, Operator: e.Operator, Since: e.run.At.UTC(), Command: e.run.Command},
			Stale:  stale, Renew: stale / lockRenewed, Parallel: e.Spec.SSH.Parallel,
			Tell: func(host, message string) { e.tell("lock", host, message) },
		}
	}
	return e.locks
}

// unlock takes off what the run has locked.
func (e *Env) unlock(ctx context.Context) {
	if e.etcdLock != nil {
		e.etcdLock.Release()
		e.etcdLock = nil
	}
	if e.locks != nil {
		_ = e.locks.Release(ctx)
		e.locks = nil
	}
}
