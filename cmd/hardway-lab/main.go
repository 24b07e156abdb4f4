// Command hardway-lab starts hosts on this machine, to rehearse hardway on and to demonstrate it.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"hardway/lab"
)

func main() {
	if lab.RunAsTool(os.Args) {
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := Run(ctx, os.Args, Streams{Out: os.Stdout, Err: os.Stderr})
	stop()
	os.Exit(code)
}
