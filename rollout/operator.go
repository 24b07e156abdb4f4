package rollout

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"
)

// Operator is a process that changes hosts: whose it is, and how to find out whether it is still there.
type Operator struct {
	User string `json:"user"`
	// Host is the machine's name; Machine and Boot tell machines of one name, and boots of one machine, apart. They are
	// empty where the system has no such thing.
	Host    string `json:"host"`
	Machine string `json:"machine,omitempty"`
	Boot    string `json:"boot,omitempty"`
	PID     int    `json:"pid"`
	// Namespace is the one that the PID belongs to; Started tells processes of one PID apart.
	Namespace string `json:"namespace,omitempty"`
	Started   string `json:"started,omitempty"`
}

// String is as in anna@workstation.
func (o Operator) String() string { return o.User + "@" + o.Host }

// ThisOperator is this process.
func ThisOperator() Operator {
	o := Operator{User: "unknown", Host: "unknown", PID: os.Getpid(), Machine: line("/etc/machine-id"), Boot: line("/proc/sys/kernel/random/boot_id")}
	if me, err := user.Current(); err == nil {
		o.User = me.Username
	}
	if name, err := os.Hostname(); err == nil {
		o.Host = name
	}
	o.Namespace, _ = os.Readlink("/proc/self/ns/pid")
	o.Started, _ = started(o.PID)
	return o
}

// Gone reports whether another process is known to be no more: it ran on this machine before a reboot, or ran under this
// kernel and does not run now. Of a process that cannot be seen from here nothing is known.
func (o Operator) Gone(other Operator) bool {
	if other.Host != o.Host || other.Machine != o.Machine || other.Boot == "" || o.Boot == "" {
		return false
	}
	if other.Boot != o.Boot {
		return o.Machine != ""
	}
	if other.Namespace != o.Namespace {
		return false
	}
	since, runs := started(other.PID)
	return !runs || since != other.Started
}

// statStart is where the start time stands in /proc/PID/stat, counted after the command's name (proc_pid_stat(5), field 22).
const statStart = 19

// started is when a process began, in ticks since the boot.
func started(pid int) (ticks string, runs bool) {
	stat, err := os.ReadFile(filepath.Join("/proc", fmt.Sprint(pid), "stat"))
	if err != nil {
		return "", !os.IsNotExist(err)
	}
	// The name stands in parentheses and may hold some itself.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) <= statStart || fields[0] == "Z" {
		return "", false
	}
	return fields[statStart], true
}

// line is the text of a file of one line, empty where there is none.
func line(file string) string {
	data, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}
