package rollout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/etcd"
	"hardway/remote"
)

// Members is the rolling change of an etcd cluster, as a value: what is delivered where, and how members are brought to
// run on it.
type Members struct {
	Batch    Batch
	Decision etcd.Decision
	// Order is the hosts whose files change while their member runs, one at a time, the leader last.
	Order []string

	Parallel int
	// GateTimeout bounds how long a gate may stay shut.
	GateTimeout time.Duration
	// Problems is what the gates ask: nothing when every member answers, all agree on one leader, and there is a quorum.
	Problems func(context.Context) []cluster.Problem
	// MoveLeader hands the lead away from a host, so that stopping its member costs no election.
	MoveLeader func(ctx context.Context, away string) error
	// Tell reports progress.
	Tell func(host, message string)
}

// memberDir is where etcd keeps all of a member's data: the database, snapshots and the write-ahead log.
const memberDir = etcd.DataDir + "/member"

// EtcdWatch is the paths that DecideStart needs to know of, besides the files of the component.
func EtcdWatch() []string {
	return []string{memberDir, etcd.LogDir, etcd.BootstrapPath, etcd.Binary}
}

// EtcdFacts is what a host's difference says of its member.
func EtcdFacts(c Change, leader string) etcd.StartFacts {
	unit := c.State.Units[etcd.Unit]
	_, stale := c.Of(etcd.Component).Unit(RestartUnit)
	return etcd.StartFacts{
		Host:             c.Host,
		DataEmpty:        empty(c.State.Paths[memberDir]),
		LogEmpty:         empty(c.State.Paths[etcd.LogDir]),
		BootstrapPending: c.State.Paths[etcd.BootstrapPath].Exists,
		Running:          unit.Running(),
		Unready:          unit.Running() && unit.Active != "active",
		Stale:            stale,
		Leader:           c.Host == leader,
	}
}

func empty(p remote.PathState) bool { return !p.Exists || p.IsDir && p.Empty }

// MissingBinary is a problem for a host that neither has an etcd nor is about to get one.
func MissingBinary(c Change) []cluster.Problem {
	delivered := slices.ContainsFunc(c.want.Files, func(f artifact.File) bool { return f.Path == etcd.Binary })
	if delivered || c.State.Paths[etcd.Binary].Exists {
		return nil
	}
	return []cluster.Problem{{
		Host: c.Host, Subject: etcd.Binary, Message: "there is no etcd on the host, and none in binaries.dir to deliver",
		Hint: "put etcd, etcdctl and etcdutl into binaries.dir and run `hardway render etcd`, or install them on the host",
	}}
}

// Idle reports whether there is nothing to do.
func (m Members) Idle() bool { return len(m.Batch) == 0 && m.Decision.Idle() }

// Do brings the members to run on what is delivered. Everything is staged on every host before anything is committed on
// any. What a run that fails has staged and not committed, keys among it, is taken off again.
func (m Members) Do(ctx context.Context) error {
	if len(m.Batch) > 0 {
		m.Tell("", fmt.Sprintf("staging on %d hosts", len(m.Batch)))
	}
	ready, err := m.Batch.Stage(ctx, m.Parallel)
	if err != nil {
		return err
	}
	carryOut := m.roll
	if m.Decision.Bootstrap {
		carryOut = m.bootstrap
	}
	if err := carryOut(ctx, ready); err != nil {
		if left := discard(context.WithoutCancel(ctx), ready, m.Parallel); left != nil {
			return errors.Join(err, left)
		}
		return err
	}
	return nil
}

// bootstrap begins the cluster: files everywhere, then the start state everywhere, and only then members, all at once,
// because each waits for the others. Those that wait already, on inputs of before, are restarted: they hold nothing yet. A
// member that is ready takes its start state off by itself.
func (m Members) bootstrap(ctx context.Context, ready []Ready) error {
	if err := m.each(ctx, ready, Ready.Commit); err != nil {
		return err
	}
	if len(m.Decision.Arm) > 0 {
		m.Tell("", "every data directory is empty: beginning a new cluster")
	}
	if err := m.each(ctx, m.of(ready, m.Decision.Arm), Ready.arm); err != nil {
		return err
	}
	err := m.each(ctx, m.of(ready, m.Decision.Restart), func(r Ready, ctx context.Context) error {
		m.Tell(r.Change.Host, "restarting etcd")
		return r.Conn.Do(ctx, remote.Systemctl("restart", "--no-block", etcd.Unit))
	})
	if err != nil {
		return err
	}
	return m.start(ctx, ready)
}

// roll starts what is stopped, then goes through the running members one at a time, with a gate before and after each.
func (m Members) roll(ctx context.Context, ready []Ready) error {
	if err := m.each(ctx, m.of(ready, m.Decision.Start), Ready.Commit); err != nil {
		return err
	}
	if err := m.start(ctx, ready); err != nil {
		return err
	}
	for _, host := range m.Order {
		for _, r := range m.of(ready, []string{host}) {
			if err := m.turn(ctx, r); err != nil {
				return err
			}
		}
	}
	return nil
}

// turn changes one running member.
func (m Members) turn(ctx context.Context, r Ready) error {
	host := r.Change.Host
	if err := m.gate(ctx, host, "before its change", m.repairs(host)); err != nil {
		return err
	}
	if err := r.Commit(ctx); err != nil {
		return err
	}
	if slices.Contains(m.Decision.Restart, host) {
		if err := m.restart(ctx, r); err != nil {
			return err
		}
	}
	return m.gate(ctx, host, "after its change", m.waiting(host))
}

func (m Members) restart(ctx context.Context, r Ready) error {
	m.Tell(r.Change.Host, "restarting etcd")
	if err := m.MoveLeader(ctx, r.Change.Host); err != nil {
		return err
	}
	return r.Conn.Do(ctx, remote.Systemctl("restart", etcd.Unit))
}

// repairs is what may be wrong before a member's change: the member itself, for the change may be what mends it. Where
// nothing is restarted, neither do those count that are yet to be changed; a restart wants every other member well.
func (m Members) repairs(host string) []string {
	if slices.Contains(m.Decision.Restart, host) {
		return []string{host}
	}
	return append(m.waiting(host), host)
}

// waiting is the hosts whose turn comes after this one's.
func (m Members) waiting(host string) []string {
	return slices.Clone(m.Order[slices.Index(m.Order, host)+1:])
}

// start starts stopped members side by side and waits until the cluster is whole, also for members that an earlier run
// started.
func (m Members) start(ctx context.Context, ready []Ready) error {
	if err := m.each(ctx, ready, Ready.enable); err != nil {
		return err
	}
	if !m.Decision.Bootstrap && len(m.Decision.Start)+len(m.Decision.Await) == 0 {
		return nil
	}
	err := m.each(ctx, m.of(ready, m.Decision.Start), func(r Ready, ctx context.Context) error {
		m.Tell(r.Change.Host, "starting etcd")
		return r.Conn.Do(ctx, remote.Systemctl("start", "--no-block", etcd.Unit))
	})
	if err != nil {
		return err
	}
	m.Tell("", "waiting until every member is ready")
	return m.gate(ctx, "", "after starting members", m.Order)
}

func (h Ready) arm(ctx context.Context) error {
	staged, err := h.Conn.Stage(ctx, []artifact.File{etcd.BootstrapEnv()})
	if err != nil {
		return err
	}
	return staged.Commit(ctx)
}

func (h Ready) enable(ctx context.Context) error {
	if _, ok := h.Change.Of(etcd.Component).Unit(Enable); !ok {
		return nil
	}
	return h.Conn.Do(ctx, remote.Systemctl("enable", etcd.Unit))
}

func (m Members) each(ctx context.Context, ready []Ready, do func(Ready, context.Context) error) error {
	return remote.ForEach(ctx, ready, m.Parallel, func(ctx context.Context, r Ready) error { return do(r, ctx) })
}

// of is the hosts with these names, in the order of the names.
func (m Members) of(ready []Ready, names []string) []Ready {
	var out []Ready
	for _, name := range names {
		for _, r := range ready {
			if r.Change.Host == name {
				out = append(out, r)
			}
		}
	}
	return out
}

// gate waits until nothing is wrong but with hosts that may be. One that stays shut stops the run: hosts not yet changed
// stay as they are.
func (m Members) gate(ctx context.Context, host, when string, mayBe []string) error {
	end := time.Now().Add(m.GateTimeout)
	for {
		seen := slices.DeleteFunc(m.Problems(ctx), func(p cluster.Problem) bool { return slices.Contains(mayBe, p.Host) })
		if len(seen) == 0 {
			return nil
		}
		if time.Now().After(end) {
			return append(cluster.Problems{{
				Host: host, Subject: etcd.Unit,
				Message: fmt.Sprintf("the cluster was not healthy within %s %s; the run stopped here", m.GateTimeout, when),
				Hint:    "look at what follows and at `journalctl -u etcd` on the hosts, then run the same command again: it goes on from here",
			}}, seen...)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(gatePoll):
		}
	}
}

// gatePoll is how often a shut gate is tried.
const gatePoll = 250 * time.Millisecond
