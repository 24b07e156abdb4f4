package rollout

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"hardway/cluster"
	"hardway/remote"
	"hardway/worker"
)

// commands is a move that is one command about what the move names.
func commands(command func(what string) remote.Command) func(rolling, context.Context, Move, string) error {
	return func(r rolling, ctx context.Context, m Move, host string) error {
		return r.Conns[host].Do(ctx, command(m.What))
	}
}

// removePods asks the container runtime, on the host's own socket.
func removePods(r rolling, ctx context.Context, _ Move, host string) error {
	if err := worker.RemovePods(ctx, r.Conns[host].Dial); err != nil {
		return cluster.Problems{failed(host, worker.ContainerdUnit, "failed to end all pods: "+err.Error(),
			"ssh "+host+" journalctl -u containerd -n 50; then run the same command again")}
	}
	return nil
}

// removeDir takes a directory off if nothing is left in it: what is, is somebody else's.
func removeDir(r rolling, ctx context.Context, m Move, host string) error {
	conn := r.Conns[host]
	state, err := conn.Look(ctx, remote.Query{Paths: []string{m.What}})
	if seen := state.Paths[m.What]; err != nil || !seen.IsDir || !seen.Empty {
		return err
	}
	if is, err := mounted(ctx, conn, m.What); is || err != nil {
		return err
	}
	return conn.Do(ctx, remote.RemoveDirs(m.What))
}

// mounted: somebody gave the directory a file system of its own since hardway made it.
func mounted(ctx context.Context, host remote.Looker, dir string) (bool, error) {
	mounts, err := host.ReadFile(ctx, "/proc/self/mounts")
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return slices.ContainsFunc(strings.Split(string(mounts), "\n"), func(line string) bool {
		words := strings.Fields(line)
		return len(words) > 1 && words[1] == dir
	}), err
}

// StopForGood stops a unit that will be gone: systemd is not to remember that it failed, either.
func (r Roller) StopForGood(ctx context.Context, m Move, host string) error {
	conn := r.Conns[host]
	if err := conn.Do(ctx, remote.Systemctl("stop", m.What)); err != nil {
		return err
	}
	state, err := conn.Look(ctx, remote.Query{Units: []string{m.What}})
	if err != nil || state.Units[m.What].Active != "failed" {
		return err
	}
	return conn.Do(ctx, remote.Systemctl("reset-failed", m.What))
}

// forget takes off what hardway keeps on a host about itself, but for the lock of the run that does it. How the host was
// before goes last: while it stands, a run that was cut off can be gone on with.
func forget(r rolling, ctx context.Context, m Move, host string) error {
	conn := r.Conns[host]
	entries, err := conn.List(ctx, m.What)
	if err != nil {
		return err
	}
	last := func(name string) int {
		return map[string]int{path.Base(DeliveredPath): 1, path.Base(OriginalDir): 2}[name]
	}
	for turn := range 3 {
		for _, entry := range entries {
			at := path.Join(m.What, entry.Name)
			if at == LockPath || at == remote.LockDir(LockPath) || last(entry.Name) != turn {
				continue
			}
			if err := conn.Do(ctx, remote.TakeOff(at)); err != nil {
				return err
			}
		}
	}
	r.Locks.Forget(host)
	return nil
}
