package lab

import (
	"context"
	"fmt"
	"io"
	"syscall"

	"hardway/remote"
)

// hold stops a unit's main process for a moment, as the script does on a host.
func (c commands) hold(ctx context.Context, unit string, in io.Reader, out, errs io.Writer) int {
	pid := c.units.service(unit).pid()
	if pid == 0 {
		fmt.Fprintf(errs, "%s is not running\n", unit)
		return exitFailed
	}
	send := func(s syscall.Signal) func() error { return func() error { return syscall.Kill(pid, s) } }
	if err := remote.BeHeld(ctx, in, out, send(syscall.SIGSTOP), send(syscall.SIGCONT)); err != nil {
		fmt.Fprintln(errs, err)
		return exitFailed
	}
	return exitDone
}
