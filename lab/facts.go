package lab

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os/exec"
	"path/filepath"

	"hardway/remote"
)

// facts runs the script that asks what the host is like, the very one, with the host's machine and disk in the place of
// this machine's. Programs are the host's, then this machine's.
func (c commands) facts(ctx context.Context, script remote.Script, out, errs io.Writer) int {
	h := c.units.host
	h.kernel.mu.Lock()
	defer h.kernel.mu.Unlock()
	if err := h.showProcesses(); err != nil {
		fmt.Fprintf(errs, "%s: %v\n", script.Name, err)
		return exitFailed
	}
	words := script.Command()
	run := exec.CommandContext(ctx, words.Name, words.Args...)
	run.Env = []string{"PATH=" + filepath.Join(h.kernel.dir, "bin") + ":" + mapList(h.mapping(), "/usr/local/bin:/usr/bin") + ":/usr/bin:/bin"}
	run.Dir, run.Stdout, run.Stderr = h.dir, out, errs
	if err := run.Run(); err != nil {
		fmt.Fprintf(errs, "%s: %v\n", script.Name, err)
		return exitFailed
	}
	return exitDone
}

// listen takes connections on loopback addresses until nothing more comes in or the session ends.
func (c commands) listen(ctx context.Context, addresses []string, in io.Reader, out, errs io.Writer) int {
	for _, a := range addresses {
		if addr, err := netip.ParseAddrPort(a); err != nil || !addr.Addr().IsLoopback() {
			fmt.Fprintf(errs, "this host listens on loopback addresses only, and not on %s\n", a)
			return exitFailed
		}
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", a)
		if err != nil {
			fmt.Fprintln(errs, err)
			return exitFailed
		}
		defer l.Close()
	}
	if err := remote.SayListening(out); err != nil {
		return exitFailed
	}
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, in)
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
	return exitDone
}
