//go:build linux

package trace

import (
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Exec puts a program in the place of this one. Its changing calls, and no others, stop it for its tracer: stopping at
// every call would make it several times slower. It returns only when that failed.
func Exec(path string, args, env []string) error {
	runtime.LockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("failed to prepare for a filter of calls: %w", err)
	}
	code := filter()
	program := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	_, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&program))) //nolint:gosec // the kernel reads it
	if errno != 0 {
		return fmt.Errorf("failed to set a filter of calls: %w", errno)
	}
	if err := syscall.Exec(path, args, env); err != nil {
		return fmt.Errorf("failed to run %s: %w", path, err)
	}
	return nil
}

// filter is the program that the kernel runs at each call: a changing one asks the tracer, every other goes on. Data is
// struct seccomp_data: the number of the call stands first.
func filter() []unix.SockFilter {
	code := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}}
	for _, nr := range slices.Sorted(maps.Keys(changing)) {
		code = append(code,
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: 0, Jf: 1, K: uint32(min(nr, math.MaxUint32))},
			unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_TRACE})
	}
	return append(code, unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW})
}
