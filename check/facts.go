package check

import (
	_ "embed"
	"net/netip"
	"time"

	"hardway/cluster"
	"hardway/etcd"
	"hardway/remote"
)

// factsScript prints what a host is like, a fact on a line, in the order of factsFor's documentation; parse.go says which.
// Its arguments are what stands before every path (nothing, but in a rehearsal), the name to resolve and the directory to
// measure (either may be empty), and then addresses to find the way to. Root sees more: who holds a port.
//
//go:embed facts.sh
var factsScript string

const factsName = "hardway-facts"

// factsFor is what a host is asked.
func factsFor(spec *cluster.Spec, node cluster.Node) remote.Script {
	args := []string{"", hostToResolve(spec), ""}
	if node.Has(cluster.RoleEtcd) {
		args[2] = etcd.DataDir
	}
	for _, peer := range spec.Hosts {
		if peer.Name == node.Name {
			args = append(args, node.Address...)
		} else {
			args = append(args, peer.PrimaryAddress())
		}
	}
	if sharers(spec, node) {
		args = append(args, spec.LoadBalancer.VirtualIP)
	}
	return remote.Script{Name: factsName, Text: factsScript, Args: args}
}

// hostToResolve is the endpoint's name; empty where the endpoint is an address.
func hostToResolve(spec *cluster.Spec) string {
	if _, err := netip.ParseAddr(spec.Endpoint.Host); err == nil {
		return ""
	}
	return spec.Endpoint.Host
}

// InFolder is the question of a command for facts, asked of a folder that stands for a host's disk; false for any other
// command.
func InFolder(c remote.Command, dir string) (remote.Script, bool) {
	s, ok := c.Script()
	if !ok || s.Name != factsName || s.Text != factsScript || len(s.Args) < 3 || s.Args[0] != "" {
		return remote.Script{}, false
	}
	s.Args[0] = dir
	return s, true
}

// Facts is what a host said of itself. What it did not say is zero.
type Facts struct {
	Hostname, MachineID string
	// Arch is what uname -m prints: x86_64, aarch64.
	Arch string
	CPUs int
	// Memory and Available are in KiB, as /proc/meminfo has them.
	Memory, Available int64
	Swaps             []Swap
	SwapUnits         []string
	Modules           map[string]bool
	// Sysctls is by path below /proc/sys, as in net/ipv4/ip_forward.
	Sysctls map[string]string
	// Cgroup is the version of the hierarchy, 1 or 2.
	Cgroup int
	// Booted: systemd is the first process.
	Booted bool
	// Root: the script ran as root, and saw everything.
	Root bool
	// Versions is the first line of what programs say of their version, by program.
	Versions map[string]string
	// SELinux is 1 where it enforces, 0 where it only warns, empty where it is off.
	SELinux string
	// Active is the firewalls' units that are active, and ufw-rules where ufw is switched on.
	Active map[string]bool
	// Paths and Sockets are those that stand there of the ones asked for.
	Paths, Sockets map[string]bool
	Devices        map[string]Device
	// Routes is the way to each other host, by its address.
	Routes      map[string]Route
	Resolved    []string
	Nameservers []string
	Listens     []Listen
	Disk        Disk
	// Fsyncs is how long each of the small synchronous writes took.
	Fsyncs []time.Duration
	// Denied is the paths that could not be read, by fact.
	Denied map[string]string
	// Began and Ended are the host's clock at the first and at the last fact.
	Began, Ended time.Time
	// Asked and Answered are the operator's clock around the question.
	Asked, Answered time.Time
}

// Swap is a line of /proc/swaps; Size and Used are in KiB.
type Swap struct {
	File, Kind string
	Size, Used int64
}

// Device is a network interface.
type Device struct {
	MTU int
	MAC string
}

// Route is the way to an address: through which device, and from which of the host's own addresses. Trouble is why there
// is none, or why it is not known.
type Route struct {
	Device, Source string
	// Via is the router that it leads over, empty where it is direct.
	Via string
	MTU int
	// Local: the address is the host's own.
	Local   bool
	Trouble string
}

// Listen is a socket that takes connections. PID is 0 where its holder cannot be seen; Unit is - outside of any.
type Listen struct {
	Address netip.AddrPort
	PID     int
	Unit    string
	Command string
	inode   string
}

// Disk is the file system at a path; sizes are in KiB.
type Disk struct {
	Path       string
	Size, Free int64
}
