package rollout

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"time"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/etcd"
	"hardway/haproxy"
	"hardway/remote"
)

// Roller carries rolls out.
type Roller struct {
	Parallel int
	// GateTimeout bounds how long a gate may stay shut.
	GateTimeout time.Duration
	// Conns is every host that a move names.
	Conns map[string]remote.Changer
	// Asks answers the questions of gates: what is wrong with these hosts, nothing when all is well.
	Asks map[Ask]func(ctx context.Context, hosts []string) []cluster.Problem
	// MoveLeader hands etcd's lead away from a host, so that stopping its member costs no election. What writes to etcd is held
	// from just before until all members agree on who leads.
	MoveLeader func(ctx context.Context, away string, hold etcd.Hold) error
	// Locks is asked before each change whether the run may still make it; nil where nothing is locked.
	Locks *Locks
	// Further is moves besides those of every rolling change, by their verbs.
	Further map[Verb]Does
	// Tell reports progress: the move that is made, on which host, and a line for a person, empty where there is none to say.
	Tell func(phase, host, message string)
}

// Does is how a further move is made on one host.
type Does func(ctx context.Context, m Move, host string) error

// Run stages everything on every host and then takes one turn after the other. The first move that fails ends the run: the
// host whose turn it is gets back what it ran on, hosts after it are as they were, and what was staged for them is taken
// off again, keys among it.
func (r Roller) Run(ctx context.Context, roll Roll) error {
	if len(roll.Batch) > 0 {
		r.Tell("stage", "", fmt.Sprintf("staging on %d hosts", len(roll.Batch)))
	}
	ready, err := roll.Batch.Stage(ctx, r.Parallel)
	if err != nil {
		return err
	}
	run := rolling{Roller: r, ready: map[string]Ready{}, confirm: r.Locks.Confirm}
	for _, h := range ready {
		run.ready[h.Change.Host] = h
	}
	for _, turn := range roll.Turns {
		if err := run.turn(ctx, turn); err != nil {
			return errors.Join(err, run.discard(ctx, ready))
		}
	}
	run.tidy(ctx, ready)
	return nil
}

// tidy takes off what is left at the end of a run that is done: a record may be all that was staged, on a host that no turn
// commits. The change is made, whatever becomes of that.
func (r rolling) tidy(ctx context.Context, ready []Ready) {
	_ = remote.ForEach(context.WithoutCancel(ctx), ready, r.Parallel, func(ctx context.Context, h Ready) error {
		if err := r.discard(ctx, []Ready{h}); err != nil {
			r.Tell("stage", h.Change.Host, fmt.Sprintf("what is left staged there could not be taken off, the next run does it: %v", err))
		}
		return nil
	})
}

// discard takes off what was staged and not committed. On a host whose lock is lost it may be somebody else's by now.
func (r rolling) discard(ctx context.Context, ready []Ready) error {
	ctx = context.WithoutCancel(ctx)
	ready = slices.DeleteFunc(slices.Clone(ready), func(h Ready) bool { return r.Locks.ConfirmHost(ctx, h.Conn) != nil })
	return discard(ctx, ready, r.Parallel)
}

// rolling is a roll that is being carried out.
type rolling struct {
	Roller
	ready map[string]Ready
	// confirm is asked before each change on a host.
	confirm func(context.Context, remote.Changer) error
}

// turn makes its moves until one fails.
func (r rolling) turn(ctx context.Context, t Turn) error {
	for i, m := range t.Moves {
		err := r.move(ctx, m)
		if err == nil {
			continue
		}
		if t.Host == "" {
			return err
		}
		return r.putBack(ctx, t.Host, Back(t.Host, t.Moves[:i+1]), err)
	}
	return nil
}

// move makes one move on all its hosts.
func (r rolling) move(ctx context.Context, m Move) error {
	if m.Verb == Gate {
		return r.gate(ctx, m)
	}
	do, known := moves[m.Verb]
	if further, brought := r.Further[m.Verb]; brought {
		do, known = func(_ rolling, ctx context.Context, m Move, host string) error { return further(ctx, m, host) }, true
	}
	if !known {
		return fmt.Errorf("no such move: %s", m.Verb)
	}
	return remote.ForEach(ctx, m.Hosts, r.Parallel, func(ctx context.Context, host string) error {
		if m.changes() {
			if err := r.may(ctx, host); err != nil {
				return err
			}
		}
		r.Tell(string(m.Verb), host, m.says())
		return do(r, ctx, m, host)
	})
}

// may is why the run may no longer change a host. What is done about one that is gone is done elsewhere, and a lock that is
// lost there ends the whole run.
func (r rolling) may(ctx context.Context, host string) error {
	if r.confirm == nil || r.Conns[host] == nil {
		return nil
	}
	return r.confirm(ctx, r.Conns[host])
}

// changes reports whether the move changes anything, as opposed to looking or waiting.
func (m Move) changes() bool { return !slices.Contains([]Verb{Gate, Check, Leave}, m.Verb) }

// says is the move while it is made.
func (m Move) says() string {
	switch m.Verb {
	case Stop:
		return "stopping " + m.What
	case Start:
		return "starting " + m.What
	case RestartUnit:
		return "restarting " + m.What
	case ReloadUnit:
		return "reloading " + m.What
	case Drain:
		return "draining " + m.What
	case Leave:
		return "waiting for clients of " + m.What + " to leave"
	case Undrain:
		return "undraining " + m.What
	case Register:
		return "making its Node"
	case Arm:
		return m.Reason
	case Invite:
		return "giving its kubelet a token"
	case Admit:
		return "approving its kubelet's serving certificate"
	case PutBack:
		return "putting back what was replaced"
	case Commit, Gate, Check, MoveLeader, Enable:
		return ""
	}
	return string(m.Verb) + " " + m.What
}

// moves is how each move is made on one host.
var moves = map[Verb]func(r rolling, ctx context.Context, m Move, host string) error{
	Commit:      func(r rolling, ctx context.Context, _ Move, host string) error { return r.ready[host].Commit(ctx) },
	PutBack:     func(r rolling, ctx context.Context, _ Move, host string) error { return r.ready[host].PutBack(ctx) },
	Arm:         func(r rolling, ctx context.Context, _ Move, host string) error { return arm(ctx, r.Conns[host]) },
	MoveLeader:  handOver,
	Enable:      systemctl("enable"),
	Stop:        systemctl("stop"),
	ReloadUnit:  systemctl("reload"),
	Start:       systemctl("start"),
	RestartUnit: systemctl("restart"),
	Check:       check,
	Drain:       drains(haproxy.Runtime.Drain),
	Undrain:     drains(haproxy.Runtime.Undrain),
	Leave:       drains(haproxy.Runtime.Leave),
	Disable:     systemctl("disable"),
	RemovePods:  removePods,
	CleanUp:     commands(func(string) remote.Command { return remote.CleanUpServices() }),
	Unmount:     commands(remote.UnmountBelow),
	Unlink:      commands(remote.Unlink),
	Empty:       commands(remote.Empty),
	RemoveFiles: commands(remote.RemoveFiles),
	Disown:      commands(func(dir string) remote.Command { return remote.OwnAll(dir, "root:root") }),
	TakeOff:     commands(remote.TakeOff),
	RemoveUser:  commands(remote.RemoveUser),
	RemoveDir:   removeDir,
	Forget:      forget,
}

// systemctl asks systemd for something.
func systemctl(verb string) func(rolling, context.Context, Move, string) error {
	return func(r rolling, ctx context.Context, m Move, host string) error {
		if m.NoWait {
			return r.Conns[host].Do(ctx, remote.Systemctl(verb, "--no-block", m.What))
		}
		return r.Conns[host].Do(ctx, remote.Systemctl(verb, m.What))
	}
}

// drains does something to a server on a balancer.
func drains(do func(haproxy.Runtime, context.Context, string) error) func(rolling, context.Context, Move, string) error {
	return func(r rolling, ctx context.Context, m Move, host string) error {
		if err := do(haproxy.Runtime{Dial: r.Conns[host].Dial}, ctx, m.What); err != nil {
			return cluster.Problems{failed(host, haproxy.Backend+"/"+m.What, fmt.Sprintf("failed to %s the server on the balancer: %v", m.Verb, err),
				"does HAProxy run there, and does sshd allow to forward its socket "+haproxy.Socket+"?")}
		}
		return nil
	}
}

func arm(ctx context.Context, conn remote.Changer) error {
	staged, err := conn.Stage(ctx, []artifact.File{etcd.BootstrapEnv()})
	if err != nil {
		return err
	}
	return staged.Commit(ctx)
}

// check has the program that will read a file read it where it is staged. What it refers to is what stands on the host now.
func check(r rolling, ctx context.Context, m Move, host string) error {
	staged := path.Join(remote.StagingDir(path.Dir(m.What)), path.Base(m.What))
	if err := r.Conns[host].Do(ctx, remote.HAProxyCheck(staged)); err != nil {
		return cluster.Problems{failed(host, m.What, fmt.Sprintf("HAProxy refuses the new configuration: %v", err),
			"it was not put in place; look at what `hardway render haproxy` writes, and at the version of HAProxy on the host")}
	}
	return nil
}
