//go:build linux

package trace

import (
	"bytes"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// syscallInfo is struct ptrace_syscall_info of ptrace(2), as PTRACE_GET_SYSCALL_INFO fills it at a stop of seccomp. It is
// the same on every architecture.
type syscallInfo struct {
	op     uint8
	_      [3]uint8
	arch   uint32
	ip, sp uint64
	nr     uint64
	args   [6]uint64
	data   uint32
	_      uint32
}

// call is the one that a thread is about to make; false for one that changes nothing, or that is not counted.
func (t *tracer) call(thread int) (Call, bool) {
	var info syscallInfo
	_, _, errno := unix.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_GET_SYSCALL_INFO, uintptr(thread),
		unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info)), 0, 0) //nolint:gosec // the kernel fills it
	row, known := changing[info.nr]
	if errno != 0 || !known {
		return Call{}, false
	}
	if flags, opens := opening[info.nr]; opens && info.args[flags]&creating == 0 {
		return Call{}, false
	}
	call := Call{Name: row.name}
	if row.fd >= 0 {
		fd := int32(info.args[row.fd])
		call.On, _ = os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", thread, fd))
		if fd <= 2 || !changes(call.On) {
			return Call{}, false
		}
	} else {
		call.On = text(thread, info.args[row.path])
	}
	return call, t.command.Only == nil || t.command.Only(call)
}

// changes reports whether writing to what a descriptor is open on changes anything outside of the program: its own pipes
// and counters do not.
func changes(on string) bool {
	return on != "" && (on[0] == '/' && on != "/dev/null" || bytes.HasPrefix([]byte(on), []byte("socket:")))
}

// text is a path in the memory of the program.
func text(thread int, address uint64) string {
	const most = 4096
	buffer := make([]byte, most)
	// Not beyond the page: the next may not be there.
	size := most - int(address%most)
	local := []unix.Iovec{{Base: &buffer[0]}}
	local[0].SetLen(size)
	n, err := unix.ProcessVMReadv(thread, local, []unix.RemoteIovec{{Base: uintptr(address), Len: size}}, 0)
	if err != nil {
		return "?"
	}
	path, _, _ := bytes.Cut(buffer[:n], []byte{0})
	return string(path)
}
