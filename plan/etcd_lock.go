package plan

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"hardway/cluster"
	"hardway/etcd"
	"hardway/rollout"
)

// lockEtcd takes the cluster's own lock besides those on hosts: it also keeps those away who act on other hosts, or from
// inside. Where etcd does not answer the run goes on without it, for it may be what mends etcd.
func (e *Env) lockEtcd(ctx context.Context) error {
	if e.etcdLock != nil {
		return nil
	}
	words, err := json.Marshal(e.hostLocks().Holder)
	if err != nil {
		return err
	}
	held, err := e.takeEtcdLock(ctx, words, nil)
	if holder, dead := e.deadHolder(held); dead {
		e.tell("lock", "", "taking over etcd's lock "+holder.ID+": that process is no more")
		held, err = e.takeEtcdLock(ctx, words, held)
	}
	if held != nil {
		return cluster.Problems{heldInEtcd(held)}
	}
	if err == nil {
		e.hostLocks().Besides(e.etcdLock)
	} else {
		e.tell("lock", "", fmt.Sprintf("etcd does not answer (%v): going on with the locks on hosts alone", err))
	}
	return nil
}

func (e *Env) takeEtcdLock(ctx context.Context, words, takeOver []byte) (held []byte, err error) {
	config, err := e.store().ClientTLS(etcdClient)
	if err != nil {
		return nil, err
	}
	e.etcdLock, held, err = etcd.TakeLock(ctx, e.Spec, config, e.dialMember, words, takeOver)
	return held, err
}

func (e *Env) deadHolder(held []byte) (rollout.Holder, bool) {
	var h rollout.Holder
	if held == nil || json.Unmarshal(held, &h) != nil {
		return h, false
	}
	// After a reboot the lease has ended by itself: who holds one from another boot is a copy of this machine.
	return h, h.Boot == e.Operator.Boot && e.Operator.Gone(h.Operator)
}

func heldInEtcd(held []byte) cluster.Problem {
	var h rollout.Holder
	_ = json.Unmarshal(held, &h)
	return cluster.Problem{
		Subject: "etcd " + etcd.LockKey,
		Message: fmt.Sprintf("the cluster is being changed by somebody else: run %s of %s (process %d) for `%s`, since %s",
			h.ID, h.Operator, h.PID, h.Command, h.Since.UTC().Format(time.RFC3339)),
		Hint: "wait until that run is done; the lock of one that died goes by itself within seconds",
	}
}

// quorumRuns reports whether so many members run that etcd may answer.
func (e *Env) quorumRuns(s view) bool {
	members := e.Spec.With(cluster.RoleEtcd)
	running := slices.DeleteFunc(members, func(n cluster.Node) bool {
		_, c := s.of(n.Name)
		return c.State.Units[etcd.Unit].Active != "active"
	})
	return len(running) > len(members)/2
}
