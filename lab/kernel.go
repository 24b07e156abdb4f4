package lab

import (
	"crypto/rand"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// kernel is what a host says of the machine that it is: a folder beside its disk with /proc and /sys as files, where the
// disk is linked in. None of that is this machine's, so that a rehearsal is the same everywhere; tests change it. Of this
// machine are its sockets, its processors' architecture and the speed and room of the disk under the folder.
type kernel struct {
	dir string
	// mu is held while somebody looks: the processes are put there for each look.
	mu sync.Mutex
}

// machineFiles is the files of a machine that is fit for every role, by path; a directory's ends in a slash.
func machineFiles(h *host) map[string]string {
	return map[string]string{
		"proc/sys/kernel/hostname":                     h.Name + "\n",
		"proc/sys/net/ipv4/ip_forward":                 "1\n",
		"proc/sys/net/ipv6/conf/all/forwarding":        "1\n",
		"proc/sys/net/bridge/bridge-nf-call-iptables":  "1\n",
		"proc/sys/net/bridge/bridge-nf-call-ip6tables": "1\n",
		"proc/meminfo":                     "MemTotal:        4194304 kB\nMemFree:         3145728 kB\nMemAvailable:    3145728 kB\n",
		"proc/swaps":                       "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n",
		"proc/filesystems":                 "nodev\toverlay\n",
		"sys/devices/system/cpu/online":    "0-1\n",
		"sys/fs/cgroup/cgroup.controllers": "cpuset cpu io memory pids\n",
		"sys/module/overlay/":              "",
		"sys/module/br_netfilter/":         "",
		"sys/class/net/lo/address":         "00:00:00:00:00:00\n",
		"sys/class/net/lo/mtu":             "65536\n",
		"bin/id":                           "#!/bin/sh\necho 0\n",
		"bin/systemctl":                    "#!/bin/sh\ncase $1 in\n--version) echo 'systemd 252 (played by hardway-lab)';;\nis-active) echo inactive; exit 3;;\nesac\n",
	}
}

// diskLinks is what of a host's disk is looked at.
var diskLinks = []string{"etc", "run", "usr", "var"}

// machineID is where systemd keeps the identity of an installation.
const machineID = "/etc/machine-id"

// plugIn makes the machine of a new host, and gives its disk an identity; what stands there is kept.
func (h *host) plugIn() error {
	if _, err := h.tree.lstat(machineID); errors.Is(err, fs.ErrNotExist) {
		var id [16]byte
		_, _ = rand.Read(id[:])
		if err := h.tree.writeFile(machineID, []byte(hex.EncodeToString(id[:])+"\n")); err != nil {
			return fmt.Errorf("failed to write %s of %s: %w", machineID, h.Name, err)
		}
	}
	if err := h.tree.mkdirAll("/run/systemd/system", 0o755); err != nil {
		return fmt.Errorf("failed to make /run/systemd/system of %s: %w", h.Name, err)
	}
	for name, text := range kernelUnits {
		if err := h.addProgram(name, text); err != nil {
			return fmt.Errorf("failed to write %s of %s: %w", name, h.Name, err)
		}
	}
	for name, text := range machineFiles(h) {
		if err := h.kernel.add(name, text); err != nil {
			return fmt.Errorf("failed to make %s of %s: %w", name, h.Name, err)
		}
	}
	links := map[string]string{"proc/net": "/proc/net"}
	for _, dir := range diskLinks {
		links[dir] = filepath.Join("..", "root", dir)
	}
	for name, target := range links {
		if err := os.Symlink(target, filepath.Join(h.kernel.dir, name)); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("failed to make the machine of %s: %w", h.Name, err)
		}
	}
	return nil
}

//go:embed modules-load.sh
var modulesLoad string

//go:embed sysctl.sh
var sysctl string

// kernelUnits is the programs of systemd that tell the kernel what files say, played by scripts that change the files of
// the host's machine.
var kernelUnits = map[string]string{"systemd-modules-load": modulesLoad, "systemd-sysctl": sysctl}

// ofKernel reports whether a unit is one of those.
func ofKernel(unit string) bool {
	_, ok := kernelUnits[strings.TrimSuffix(unit, ".service")]
	return ok
}

// addProgram gives a host one of them, with the unit that runs it.
func (h *host) addProgram(name, text string) error {
	program := "/usr/lib/systemd/" + name
	unit := "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=" + program + "\n"
	if err := errors.Join(h.tree.writeFile(program, []byte(text)), h.tree.writeFile(distributionUnits+"/"+name+".service", []byte(unit))); err != nil {
		return err
	}
	return os.Chmod(h.tree.local(program), 0o755)
}

func (k *kernel) add(name, text string) error {
	at := filepath.Join(k.dir, name)
	if name[len(name)-1] == '/' {
		return os.MkdirAll(at, 0o755)
	}
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return err
	}
	if _, err := os.Lstat(at); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.WriteFile(at, []byte(text), 0o755)
}

// showProcesses puts the processes of the host's units into its /proc, as far as a look needs them: who they are, what
// they hold, and the unit that they belong to.
func (h *host) showProcesses() error {
	old, _ := filepath.Glob(filepath.Join(h.kernel.dir, "proc", "[0-9]*"))
	for _, dir := range old {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	for _, s := range h.units.all() {
		for _, pid := range groupOf(s.pid()) {
			if err := h.kernel.show(pid, s.name); err != nil {
				return err
			}
		}
	}
	return nil
}

func (k *kernel) show(pid int, unit string) error {
	number := strconv.Itoa(pid)
	dir := filepath.Join(k.dir, "proc", number)
	return errors.Join(
		os.MkdirAll(dir, 0o755),
		os.WriteFile(filepath.Join(dir, "cgroup"), []byte("0::/system.slice/"+unit+"\n"), 0o644),
		os.Symlink(filepath.Join("/proc", number, "comm"), filepath.Join(dir, "comm")),
		os.Symlink(filepath.Join("/proc", number, "fd"), filepath.Join(dir, "fd")))
}

// groupOf is a unit's main process and all that it started: each unit's processes are a group of their own.
func groupOf(main int) []int {
	if main <= 0 {
		return nil
	}
	entries, _ := os.ReadDir("/proc")
	var group []int
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			if leader, err := syscall.Getpgid(pid); err == nil && leader == main {
				group = append(group, pid)
			}
		}
	}
	return group
}
