package machine

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// capabilities is the names of Linux' capabilities by their number, as capability.h of the kernel has them.
var capabilities = []string{
	"CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "LINUX_IMMUTABLE",
	"NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT",
	"SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE",
	"AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ",
}

// sysResource is the number of SYS_RESOURCE, which is what machines that are containers themselves most often lack.
const sysResource = 24

// rights is what makes a container a machine: --privileged, or where this machine may not give all capabilities away, those
// that it has, each by name, and what else --privileged stands for. bounding is a set of capabilities by their number.
func rights(bounding uint64) []string {
	if bounding&(1<<sysResource) != 0 {
		return []string{"--privileged"}
	}
	args := []string{"--cap-drop", "ALL"}
	for number, name := range capabilities {
		if bounding&(1<<number) != 0 {
			args = append(args, "--cap-add", name)
		}
	}
	return append(args, "--security-opt", "seccomp=unconfined", "--security-opt", "apparmor=unconfined", "--security-opt", "systempaths=unconfined",
		"--device", "/dev/kmsg", "--device-cgroup-rule", "a *:* rwm")
}

// boundingSet is the capabilities that a process here can have at most.
func boundingSet() (uint64, error) {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, fmt.Errorf("failed to read the capabilities of this process: %w", err)
	}
	for line := range strings.Lines(string(data)) {
		if set, ok := strings.CutPrefix(line, "CapBnd:"); ok {
			return strconv.ParseUint(strings.TrimSpace(set), 16, 64)
		}
	}
	return 0, fmt.Errorf("failed to read the capabilities of this process: /proc/self/status has no CapBnd")
}
