//go:build linux

// Package trace runs a program, counts the calls by which all its threads together change something outside of the
// program, and can kill it at the entry of any of them: that call and all that follow are not made.
package trace

import (
	"maps"

	"golang.org/x/sys/unix"
)

// at says where a call has the number of the file descriptor, or the address of the path, that is worth printing.
type at struct {
	name string
	path int // the argument with a path, -1 for none
	fd   int // the argument with a file descriptor, -1 for none
}

// changing is the calls of Linux that change files and directories, or send data, by number. Those that older
// architectures have besides are in legacy.
var changing = func() map[uint64]at {
	table := map[uint64]at{
		unix.SYS_OPENAT:          {"openat", 1, -1},
		unix.SYS_OPENAT2:         {"openat2", 1, -1},
		unix.SYS_WRITE:           {"write", -1, 0},
		unix.SYS_WRITEV:          {"writev", -1, 0},
		unix.SYS_PWRITE64:        {"pwrite64", -1, 0},
		unix.SYS_PWRITEV:         {"pwritev", -1, 0},
		unix.SYS_PWRITEV2:        {"pwritev2", -1, 0},
		unix.SYS_SENDTO:          {"sendto", -1, 0},
		unix.SYS_SENDMSG:         {"sendmsg", -1, 0},
		unix.SYS_SENDFILE:        {"sendfile", -1, 0},
		unix.SYS_SPLICE:          {"splice", -1, 2},
		unix.SYS_COPY_FILE_RANGE: {"copy_file_range", -1, 2},
		unix.SYS_FSYNC:           {"fsync", -1, 0},
		unix.SYS_FDATASYNC:       {"fdatasync", -1, 0},
		unix.SYS_SYNCFS:          {"syncfs", -1, 0},
		unix.SYS_FTRUNCATE:       {"ftruncate", -1, 0},
		unix.SYS_FALLOCATE:       {"fallocate", -1, 0},
		unix.SYS_FCHMOD:          {"fchmod", -1, 0},
		unix.SYS_FCHOWN:          {"fchown", -1, 0},
		unix.SYS_FSETXATTR:       {"fsetxattr", -1, 0},
		unix.SYS_TRUNCATE:        {"truncate", 0, -1},
		unix.SYS_FCHMODAT:        {"fchmodat", 1, -1},
		unix.SYS_FCHMODAT2:       {"fchmodat2", 1, -1},
		unix.SYS_FCHOWNAT:        {"fchownat", 1, -1},
		unix.SYS_UTIMENSAT:       {"utimensat", 1, -1},
		unix.SYS_MKDIRAT:         {"mkdirat", 1, -1},
		unix.SYS_MKNODAT:         {"mknodat", 1, -1},
		unix.SYS_UNLINKAT:        {"unlinkat", 1, -1},
		unix.SYS_RENAMEAT2:       {"renameat2", 3, -1},
		unix.SYS_LINKAT:          {"linkat", 3, -1},
		unix.SYS_SYMLINKAT:       {"symlinkat", 2, -1},
	}
	maps.Copy(table, legacy)
	return table
}()

// opening is where those that open files have their flags: without one of creating they change nothing.
var opening = map[uint64]int{unix.SYS_OPENAT: 2}

// creating is the flags by which opening a file changes something.
const creating = unix.O_CREAT | unix.O_TRUNC | unix.O_TMPFILE&^unix.O_DIRECTORY
