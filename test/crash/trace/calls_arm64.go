//go:build linux

package trace

import "golang.org/x/sys/unix"

// legacy is what other architectures have in the table of all.
var legacy = map[uint64]at{unix.SYS_RENAMEAT: {"renameat", 3, -1}}
