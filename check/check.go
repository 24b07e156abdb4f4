package check

import (
	"slices"

	"hardway/cluster"
)

// Check is one thing that is looked at, on every host that it is about.
type Check struct {
	// Name is what it is called in reports, and waived by.
	Name string
	// Asks is what has to hold, for people to read.
	Asks string
	// on says which hosts it is about.
	on func(*cluster.Spec, cluster.Node) bool
	// judge gives one row for a host that is well, and one for each finding otherwise; nil where it has nothing to say.
	judge func(*Survey, *Host) []Row
	// whole is said of all hosts together; Host stays empty.
	whole func(*Survey) []Row
}

// Survey is what was seen of all hosts.
type Survey struct {
	Spec  *cluster.Spec
	Hosts []Host
	// Binaries is the architecture of each executable to be delivered, in Go's words, by its name.
	Binaries map[string]string
}

// Host is what was seen of one host.
type Host struct {
	Node cluster.Node
	// Facts is nil where the host could not be asked; Trouble is why.
	Facts   *Facts
	Trouble error
	// Dials is how the host got to others, and to itself.
	Dials []Dial
	// Forwards is how its SSH server forwards: by kind, tcp and unix, why it does not; nil where it does. A kind that could
	// not be tried is not there.
	Forwards map[string]error
	// Nameservers is why a nameserver did not answer the host, by its address; nil where it did.
	Nameservers map[string]error
	// Shared is why nobody answered the host at the address that balancers share, by that address; nil where somebody did.
	Shared map[string]error
}

// Checks is every check, in the order in which rows are shown.
func Checks() []Check {
	return []Check{
		{Name: "ssh", Asks: "the host can be reached and asked", on: everyHost, judge: sshAnswers},
		{Name: "hostname", Asks: "the hostname is the node's name, and no other host's", on: everyHost, judge: hostname},
		{Name: "machine-id", Asks: "/etc/machine-id is there, and no other host's", on: everyHost, judge: machineID},
		{Name: "address", Asks: "the spec's addresses are the host's own", on: everyHost, judge: ownAddress},
		{Name: "mac-address", Asks: "the interfaces that lead to the other hosts have hardware addresses of their own", on: everyHost, judge: macAddress},
		{Name: "clock", Asks: "the clock is within 2 s of the hosts' median, and so is the operator's", on: everyHost, judge: clock, whole: operatorClock},
		{Name: "systemd", Asks: "the host was booted with systemd, 239 or newer", on: everyHost, judge: systemd},
		{Name: "architecture", Asks: "amd64 or arm64, and the same as the executables in `binaries.dir`", on: everyHost, judge: architecture},
		{Name: "cpu", Asks: "2 CPUs on masters and etcd members", on: controls, judge: cpuCount},
		{Name: "memory", Asks: "1700 MB of memory on masters and etcd members", on: controls, judge: memory},
		{Name: "swap", Asks: "no swap where a kubelet runs, which does not start with it; a warning where etcd or masters run", on: nodesAndControls, judge: swap},
		{Name: "kernel-modules", Asks: "overlay and br_netfilter are loaded where a kubelet runs", on: kubelets, judge: modules},
		{Name: "sysctls", Asks: "packets are forwarded, and bridged ones filtered, where a kubelet runs", on: kubelets, judge: sysctls},
		{Name: "cgroup", Asks: "control groups of version 2 where a kubelet runs", on: kubelets, judge: cgroups},
		{Name: "container-runtime", Asks: "containerd or CRI-O runs where a kubelet runs", on: kubelets, judge: containerRuntime},
		{Name: "haproxy", Asks: "HAProxy 2.2 or newer is installed on load balancers", on: balancers, judge: haproxyVersion},
		{Name: "keepalived", Asks: "keepalived 2.0 or newer, and curl, are installed on load balancers that share an address", on: sharers, judge: keepalivedVersion},
		{Name: "virtual-address", Asks: "the address that load balancers share is in a network of theirs, and nobody else has it", on: sharers, judge: sharedAddress},
		{Name: "existing-cluster", Asks: "nothing of a cluster that hardway did not put there", on: everyHost, judge: existingCluster},
		{Name: "ports", Asks: "every port of the host's roles is free, or held by the unit that it is for", on: everyHost, judge: freePorts},
		{Name: "forwarding", Asks: "sshd forwards TCP, through which servers are asked, and on load balancers sockets, through which HAProxy is drained", on: everyHost, judge: forwarding},
		{Name: "reach", Asks: "every server that the host will dial can be reached from it; where none runs yet, something listens for the moment", on: everyHost, judge: reach},
		{Name: "source-address", Asks: "the address that an etcd member dials its peers from is in its certificate", on: members, judge: sourceAddress},
		{Name: "mtu", Asks: "two hosts send each other packets of the same size", on: everyHost, judge: mtu},
		{Name: "endpoint-name", Asks: "the endpoint's name resolves, and to an address of the spec if a host of the spec serves it", on: everyHost, judge: endpointName},
		{Name: "nameservers", Asks: "every nameserver answers, where names are needed", on: needsNames, judge: nameservers},
		{Name: "firewall", Asks: "no firewalld, ufw or nftables is active; else a warning with the way to its rules", on: everyHost, judge: firewall},
		{Name: "selinux", Asks: "SELinux does not enforce; else a warning", on: everyHost, judge: selinux},
		{Name: "etcd-disk", Asks: "room for etcd's data: 1 GiB, better 10", on: members, judge: etcdDisk},
		{Name: "etcd-fsync", Asks: "99 of 100 synchronous writes where etcd's data will stand take less than 10 ms; else a warning", on: members, judge: etcdFsync},
		{Name: cluster.WaiveEvenMembers, Asks: "an odd number of etcd members", whole: oddMembers},
	}
}

// Judge is what every check says of every host, in the order of the hosts; what is said of none comes last. What the spec
// or the further names waive is marked so.
func (s *Survey) Judge(waive ...string) []Row {
	var rows []Row
	waived := append(slices.Clone(s.Spec.Waive), waive...)
	for i := range s.Hosts {
		for _, c := range Checks() {
			rows = append(rows, c.rows(s, &s.Hosts[i], waived)...)
		}
	}
	for _, c := range Checks() {
		if c.whole != nil {
			rows = append(rows, c.name(c.whole(s), "", waived)...)
		}
	}
	return rows
}

func (c Check) rows(s *Survey, h *Host, waived []string) []Row {
	if c.judge == nil || !c.on(s.Spec, h.Node) {
		return nil
	}
	if c.Name == checkSSH {
		return c.name(c.judge(s, h), h.Node.Name, nil)
	}
	if h.Facts == nil {
		return nil
	}
	return c.name(c.judge(s, h), h.Node.Name, waived)
}

func (c Check) name(rows []Row, host string, waived []string) []Row {
	for i := range rows {
		rows[i].Host, rows[i].Check = host, c.Name
		if slices.Contains(waived, c.Name) && (rows[i].State == Failed || rows[i].State == Warning) {
			rows[i].State = Waived
		}
	}
	return rows
}

// others is every other host that could be asked.
func (s *Survey) others(than *Host) []*Host {
	var out []*Host
	for i := range s.Hosts {
		if h := &s.Hosts[i]; h.Node.Name != than.Node.Name && h.Facts != nil {
			out = append(out, h)
		}
	}
	return out
}

func everyHost(*cluster.Spec, cluster.Node) bool { return true }

func has(roles ...cluster.Role) func(*cluster.Spec, cluster.Node) bool {
	return func(_ *cluster.Spec, n cluster.Node) bool { return slices.ContainsFunc(roles, n.Has) }
}

func controls(s *cluster.Spec, n cluster.Node) bool {
	return has(cluster.RoleControlPlane, cluster.RoleEtcd)(s, n)
}

func members(s *cluster.Spec, n cluster.Node) bool { return has(cluster.RoleEtcd)(s, n) }

func balancers(s *cluster.Spec, n cluster.Node) bool { return has(cluster.RoleLoadBalancer)(s, n) }

func kubelets(s *cluster.Spec, n cluster.Node) bool {
	return slices.ContainsFunc(s.Kubelets(), func(k cluster.Node) bool { return k.Name == n.Name })
}

func nodesAndControls(s *cluster.Spec, n cluster.Node) bool { return kubelets(s, n) || controls(s, n) }

// needsNames: pods ask the nameservers of their node, and everyone who dials an endpoint that has a name.
func needsNames(s *cluster.Spec, n cluster.Node) bool {
	return kubelets(s, n) || hostToResolve(s) != ""
}
