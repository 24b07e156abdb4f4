package check

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// What kubeadm wants of a control plane's machine:
// https://kubernetes.io/docs/setup/production-environment/tools/kubeadm/install-kubeadm/#before-you-begin
const (
	leastCPUs = 2
	// leastMemory is 1700 MB, in KiB.
	leastMemory = 1700 * 1000 * 1000 / 1024
)

// architectures is what uname -m prints for those that Kubernetes and etcd are built for and tested on, in Go's words.
var architectures = map[string]string{"x86_64": "amd64", "aarch64": "arm64"}

func architecture(s *Survey, h *Host) []Row {
	arch, known := architectures[h.Facts.Arch]
	if !known {
		return failed("take a machine with amd64 or arm64", "%s, for which there are no binaries", h.Facts.Arch)
	}
	var other []string
	for _, name := range slices.Sorted(maps.Keys(s.Binaries)) {
		if s.Binaries[name] != arch {
			other = append(other, name+" ("+s.Binaries[name]+")")
		}
	}
	if len(other) > 0 {
		return failed("put executables for "+arch+" into binaries.dir, or install them on this host by other means",
			"%s, but in %s these are for another: %s", arch, s.Spec.Binaries.Dir, strings.Join(other, ", "))
	}
	return ok("%s", arch)
}

func cpuCount(_ *Survey, h *Host) []Row {
	if h.Facts.CPUs < leastCPUs {
		return failed("give the machine more", "%d, want %d: etcd and an API server on one starve each other", h.Facts.CPUs, leastCPUs)
	}
	return ok("%d", h.Facts.CPUs)
}

func memory(_ *Survey, h *Host) []Row {
	if h.Facts.Memory < leastMemory {
		return failed("give the machine more", "%s, want %s", megabytes(h.Facts.Memory), megabytes(leastMemory))
	}
	return ok("%s, %s available", megabytes(h.Facts.Memory), megabytes(h.Facts.Available))
}

func megabytes(kib int64) string { return fmt.Sprintf("%d MB", kib*1024/1000/1000) }
