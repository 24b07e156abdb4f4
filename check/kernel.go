package check

import (
	"strings"

	"hardway/cluster"
)

const fixHint = "`hardway preflight --fix` does it"

func swap(s *Survey, h *Host) []Row {
	if len(h.Facts.Swaps) == 0 {
		return ok("off")
	}
	var files []string
	for _, sw := range h.Facts.Swaps {
		files = append(files, sw.File)
	}
	if kubelets(s.Spec, h.Node) {
		return failed(fixHint+", or: `swapoff -a`, and take it out of /etc/fstab", "on (%s): the kubelet does not start", strings.Join(files, ", "))
	}
	return warning(fixHint, "on (%s): etcd loses its leader when it waits for memory from a disk", strings.Join(files, ", "))
}

// wantedModules is what containers and their network need of the kernel.
var wantedModules = []string{"overlay", "br_netfilter"}

func modules(_ *Survey, h *Host) []Row {
	if missing := h.missingModules(); len(missing) > 0 {
		return failed(fixHint, "not loaded: %s", strings.Join(missing, ", "))
	}
	return ok("%s", strings.Join(wantedModules, ", "))
}

func (h *Host) missingModules() []string {
	var missing []string
	for _, m := range wantedModules {
		// Built into the kernel, br_netfilter is no module; its settings are there all the same.
		_, builtIn := h.Facts.Sysctls["net/bridge/bridge-nf-call-iptables"]
		if !h.Facts.Modules[m] && (m != "br_netfilter" || !builtIn) {
			missing = append(missing, m)
		}
	}
	return missing
}

// wantedSysctls is the settings, below /proc/sys, that have to be 1: forwarding between pods and the world, and bridged
// packets seen by the rules of Services. See
// https://kubernetes.io/docs/setup/production-environment/container-runtimes/#prerequisite-ipv4-forwarding-optional
func wantedSysctls(spec *cluster.Spec) []string {
	var out []string
	v4, v6 := families(spec.Network.PodCIDR)
	if v4 {
		out = append(out, "net/ipv4/ip_forward", "net/bridge/bridge-nf-call-iptables")
	}
	if v6 {
		out = append(out, "net/ipv6/conf/all/forwarding", "net/bridge/bridge-nf-call-ip6tables")
	}
	return out
}

// families tells which kinds of addresses stand in a list of them.
func families(list []string) (v4, v6 bool) {
	for _, text := range list {
		if strings.Contains(text, ":") {
			v6 = true
		} else {
			v4 = true
		}
	}
	return v4, v6
}

func sysctls(s *Survey, h *Host) []Row {
	if wrong := h.wrongSysctls(s.Spec); len(wrong) > 0 {
		return failed(fixHint, "not 1: %s", strings.Join(wrong, ", "))
	}
	return ok("%s are 1", strings.Join(dotted(wantedSysctls(s.Spec)), ", "))
}

func (h *Host) wrongSysctls(spec *cluster.Spec) []string {
	var wrong []string
	for _, path := range wantedSysctls(spec) {
		if h.Facts.Sysctls[path] != "1" {
			wrong = append(wrong, path)
		}
	}
	return dotted(wrong)
}

// dotted is settings as sysctl(8) spells them.
func dotted(paths []string) []string {
	var out []string
	for _, p := range paths {
		out = append(out, strings.ReplaceAll(p, "/", "."))
	}
	return out
}

func cgroups(_ *Survey, h *Host) []Row {
	switch h.Facts.Cgroup {
	case 2:
		return ok("version 2")
	case 1:
		return failed("boot with systemd.unified_cgroup_hierarchy=1, or take a distribution that does",
			"version 1: from Kubernetes 1.35 on the kubelet does not start with it, unless failCgroupV1 is false")
	}
	return failed("mount it: systemd does so at boot", "there is none at /sys/fs/cgroup")
}
