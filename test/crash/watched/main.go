//go:build linux

// Command watched runs a program so that its tracer is woken by what it changes: see package trace.
package main

import (
	"fmt"
	"os"

	"hardway/test/crash/trace"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: watched PROGRAM [ARGUMENT...]")
		os.Exit(2)
	}
	fmt.Fprintln(os.Stderr, trace.Exec(os.Args[1], os.Args[1:], os.Environ()))
	os.Exit(126)
}
