package etcd

import (
	"fmt"
	"slices"
	"strings"

	"hardway/cluster"
)

// StartFacts is what a host says of its member before anything is started: plain data, read over SSH.
type StartFacts struct {
	Host string
	// DataEmpty: the member's own directory in DataDir is missing, or nothing stands in it. Whatever else stands in DataDir,
	// such as lost+found of a file system of its own, is no member's.
	DataEmpty bool
	// LogEmpty: LogDir is missing, or nothing stands in it. A start that failed early leaves a database without a log.
	LogEmpty bool
	// BootstrapPending: BootstrapPath stands on the host, so the member was armed for a new cluster and never got ready.
	BootstrapPending bool
	// Restoring: the data is that of a restore that is not done.
	Restoring bool
	// Running: the unit has a main process, ready or not.
	Running bool
	// Unready: the process runs, and has not told systemd yet that it is ready.
	Unready bool
	// Stale: the process runs on inputs that are no longer what stands there.
	Stale bool
	// Leader: the member leads its cluster.
	Leader bool
}

// formed: the member was ready in some cluster.
func (f StartFacts) formed() bool { return f.hasLog() && !f.BootstrapPending }

// hasLog: the member has taken part in some cluster, ready or not.
func (f StartFacts) hasLog() bool { return !f.DataEmpty && !f.LogEmpty }

// Decision is how members are brought to run, as a value. Its lists are done in order: BootstrapEnv is written on every
// host of Arm before anything starts, Start is started all at once (members wait for each other), Restart is restarted
// one at a time, each behind a gate. Without anything to do all are empty. A cluster that begins has formed when all its
// members are ready, also where nothing is left to start.
type Decision struct {
	// Bootstrap: this begins a cluster, or goes on with beginning it.
	Bootstrap bool
	Arm       []string
	Start     []string
	// Restart has the leader last. While no cluster has formed there is nothing to keep up, and no order.
	Restart []string
	// Await is members of a formed cluster that run and are not ready: only once they are has it settled.
	Await []string
}

// Idle reports whether nothing is left to do, nor to wait for.
func (d Decision) Idle() bool {
	return !d.Bootstrap && len(d.Arm)+len(d.Start)+len(d.Restart)+len(d.Await) == 0
}

// DecideStart decides from every member's facts, in the order of the spec, what may be started and as what. A new cluster
// is begun only while no member was ever ready in one; with problems nothing may be done.
func DecideStart(facts []StartFacts) (Decision, []cluster.Problem) {
	if problems := halfRestored(facts); len(problems) > 0 {
		return Decision{}, problems
	}
	if !slices.ContainsFunc(facts, StartFacts.formed) {
		return decideNew(facts)
	}
	if problems := wiped(facts); len(problems) > 0 {
		return Decision{}, problems
	}
	return decideFormed(facts), nil
}

// decideNew begins a cluster, or goes on where an earlier run was interrupted: no member has been ready yet.
func decideNew(facts []StartFacts) (Decision, []cluster.Problem) {
	decision := Decision{Bootstrap: len(facts) > 0}
	var problems []cluster.Problem
	for _, f := range facts {
		switch {
		case f.BootstrapPending:
		case f.Running:
			problems = append(problems, vanished(f.Host))
		case f.DataEmpty:
			decision.Arm = append(decision.Arm, f.Host)
		default:
			problems = append(problems, leftover(f.Host))
		}
		if !f.Running {
			decision.Start = append(decision.Start, f.Host)
		}
	}
	if len(problems) > 0 {
		return Decision{}, problems
	}
	decision.Restart = outdated(facts)
	return decision, nil
}

// outdated is the members that run on inputs of before, the leader last.
func outdated(facts []StartFacts) []string {
	var hosts, leader []string
	for _, f := range facts {
		switch {
		case !f.Running || !f.Stale:
		case f.Leader:
			leader = append(leader, f.Host)
		default:
			hosts = append(hosts, f.Host)
		}
	}
	return append(hosts, leader...)
}

// decideFormed starts what is stopped, restarts what is stale, and waits for what is not ready.
func decideFormed(facts []StartFacts) Decision {
	decision := Decision{Restart: outdated(facts)}
	for _, f := range facts {
		if f.Running && (f.Unready || f.BootstrapPending) {
			decision.Await = append(decision.Await, f.Host)
		}
		if !f.Running {
			decision.Start = append(decision.Start, f.Host)
		}
	}
	return decision
}

// wiped is a problem for each member without its log in a cluster that has formed. A member that is still armed is none
// as long as the others are a quorum without it: the run that began the cluster died before it started this one, and it
// joins as the member it always was.
func wiped(facts []StartFacts) []cluster.Problem {
	logs := 0
	var lost, formed []string
	for _, f := range facts {
		if f.hasLog() {
			logs++
		}
		if f.formed() {
			formed = append(formed, f.Host)
		}
	}
	quorum := len(facts)/2 + 1
	var problems []cluster.Problem
	for _, f := range facts {
		if f.hasLog() || f.BootstrapPending && logs >= quorum {
			continue
		}
		lost = append(lost, f.Host)
		problems = append(problems, cluster.Problem{Host: f.Host, Subject: DataDir})
	}
	for i := range problems {
		problems[i].Message = fmt.Sprintf("is wiped: it holds no write-ahead log, but the cluster has formed (on %s): %s must not be started as new, that could begin an empty cluster under the same ID",
			strings.Join(formed, ", "), strings.Join(lost, ", "))
		problems[i].Hint = wayBack(problems[i].Host, formed[0], logs >= quorum)
	}
	return problems
}

// wayBack is what brings a wiped member back by hand.
func wayBack(host, healthy string, quorum bool) string {
	if !quorum {
		return fmt.Sprintf("the members that are left are no quorum: bring the lost data directories back, or what %s holds, or a snapshot (hardway etcd snapshot restore; docs/etcd.md, Too many lost); if nothing was ever stored in it, ssh to each member, stop etcd, rm -r %s/member, and apply again", healthy, DataDir)
	}
	return fmt.Sprintf("hardway etcd replace %s", host)
}

// vanished: only a member that is armed or has a log is ever started, so the log was removed under it.
func vanished(host string) cluster.Problem {
	return cluster.Problem{
		Host: host, Subject: DataDir,
		Message: "holds no write-ahead log, but its member runs: the files were removed under it; expected its data",
		Hint:    "do not stop or restart etcd: what it has open is all that is left. Save a snapshot from it (hardway etcd snapshot save) and restore that (hardway etcd snapshot restore)",
	}
}

func leftover(host string) cluster.Problem {
	return cluster.Problem{
		Host: host, Subject: DataDir,
		Message: "holds a database without a write-ahead log, and no cluster has formed: expected an empty directory",
		Hint:    fmt.Sprintf("look at it; if nothing in it is wanted: ssh %s rm -r %s/member", host, DataDir),
	}
}

// halfRestored is a problem for each member that still has its data of before, where others were restored: started, the two
// kinds would be two clusters.
func halfRestored(facts []StartFacts) []cluster.Problem {
	var problems []cluster.Problem
	restored, running := 0, 0
	for _, f := range facts {
		if f.Restoring {
			restored++
		} else {
			problems = append(problems, cluster.Problem{
				Host: f.Host, Subject: MemberDir, Message: "has not been restored, but other members have: a restore was cut off",
				Hint: "finish it: hardway etcd snapshot restore FILE, with the same file",
			})
		}
		if f.Running {
			running++
		}
	}
	if restored == 0 || running == len(facts) {
		return nil
	}
	return problems
}
