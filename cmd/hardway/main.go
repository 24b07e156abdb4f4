// Command hardway builds and keeps highly available Kubernetes control planes from plain binaries, systemd units and
// certificates one can read.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second interrupt does not wait for what the first one has put back.
	context.AfterFunc(ctx, stop)
	code := Run(ctx, os.Args, Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, os.LookupEnv)
	stop()
	os.Exit(code)
}
