package lab

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// markVariable marks every process that a host starts, so that what a killed lab left behind can be told from everything
// else on this machine. Its value is the host's directory.
const markVariable = "HARDWAY_LAB_HOST"

// variableOf is a variable of a process as it was started with; empty without it.
func variableOf(pid int, name string) string {
	data, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "environ"))
	if err != nil {
		return ""
	}
	for _, v := range bytes.Split(data, []byte{0}) {
		if value, ok := strings.CutPrefix(string(v), name+"="); ok {
			return value
		}
	}
	return ""
}

// Sweep ends what a lab in dir that was killed left running on its hosts.
func Sweep(dir string, hosts []Host) {
	for _, h := range hosts {
		killLeftovers(filepath.Join(dir, h.Name))
	}
}

// killLeftovers ends what an earlier lab started on the host in this directory and did not take along: the kernel ends
// the processes of a lab that dies, but not what those have started themselves.
func killLeftovers(dir string) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err == nil && pid != os.Getpid() && variableOf(pid, markVariable) == dir {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}
