package rollout

import (
	"fmt"
	"path"
	"slices"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/etcd"
	"hardway/remote"
)

// EtcdWatch is the paths that DecideStart needs to know of, besides the files of the component.
func EtcdWatch() []string {
	return []string{etcd.MemberDir, etcd.LogDir, etcd.BootstrapPath, etcd.RestoredMark, etcd.Binary, etcd.Etcdutl}
}

// EtcdFacts is what a host's difference says of its member.
func EtcdFacts(c Change, leader string) etcd.StartFacts {
	unit := c.State.Units[etcd.Unit]
	_, stale := c.Of(etcd.Component).Unit(RestartUnit)
	return etcd.StartFacts{
		Host:             c.Host,
		DataEmpty:        empty(c.State.Paths[etcd.MemberDir]),
		LogEmpty:         empty(c.State.Paths[etcd.LogDir]),
		BootstrapPending: c.State.Paths[etcd.BootstrapPath].Exists,
		Restoring:        c.State.Paths[etcd.RestoredMark].Exists,
		Running:          unit.Running(),
		Unready:          unit.Running() && unit.Active != "active",
		Stale:            stale,
		Leader:           c.Host == leader,
	}
}

func empty(p remote.PathState) bool { return !p.Exists || p.IsDir && p.Empty }

// MissingBinaries is a problem for each program that a host neither has nor is about to get. It knows of programs that
// were watched.
func MissingBinaries(c Change, component string, programs ...string) []cluster.Problem {
	var problems []cluster.Problem
	for _, program := range programs {
		delivered := slices.ContainsFunc(c.want.Files, func(f artifact.File) bool { return f.Path == program })
		if delivered || c.State.Paths[program].Exists {
			continue
		}
		name := path.Base(program)
		problems = append(problems, cluster.Problem{
			Host: c.Host, Subject: program, Message: "there is no " + name + " on the host, and none in binaries.dir to deliver",
			Hint: fmt.Sprintf("put %s into binaries.dir and run `hardway render %s`, or install it on the host", name, component),
		})
	}
	return problems
}
