//go:build linux

package trace

import "golang.org/x/sys/unix"

// legacy is the calls without at in their name, which only old architectures have.
var legacy = map[uint64]at{
	unix.SYS_OPEN:     {"open", 0, -1},
	unix.SYS_CREAT:    {"creat", 0, -1},
	unix.SYS_CHMOD:    {"chmod", 0, -1},
	unix.SYS_CHOWN:    {"chown", 0, -1},
	unix.SYS_LCHOWN:   {"lchown", 0, -1},
	unix.SYS_MKDIR:    {"mkdir", 0, -1},
	unix.SYS_MKNOD:    {"mknod", 0, -1},
	unix.SYS_RMDIR:    {"rmdir", 0, -1},
	unix.SYS_UNLINK:   {"unlink", 0, -1},
	unix.SYS_RENAME:   {"rename", 1, -1},
	unix.SYS_RENAMEAT: {"renameat", 3, -1},
	unix.SYS_LINK:     {"link", 1, -1},
	unix.SYS_SYMLINK:  {"symlink", 1, -1},
}
