package check

import (
	"regexp"
	"strconv"
)

const (
	// oldestSystemd is what RHEL 8 has, the oldest that distributions still care for.
	oldestSystemd = 239
	// oldestHAProxy is the first with `http-check connect`: 2.2.
	oldestHAProxyMajor, oldestHAProxyMinor = 2, 2
)

var numbersOf = regexp.MustCompile(`\d+`)

// versionNumbers is the first two numbers in a line about a version; -1 for one that is not there.
func versionNumbers(line string) (major, minor int) {
	found := append(numbersOf.FindAllString(line, 2), "-1", "-1")
	major, _ = strconv.Atoi(found[0])
	minor, _ = strconv.Atoi(found[1])
	return major, minor
}

func systemd(_ *Survey, h *Host) []Row {
	line, there := h.Facts.Versions["systemctl"]
	major, _ := versionNumbers(line)
	switch {
	case !there:
		return failed("take a distribution with systemd", "is not there, and everything runs as its units")
	case !h.Facts.Booted:
		return failed("boot the host with systemd as its first process", "%s is there, but the host was not booted with it", line)
	case major < oldestSystemd:
		return failed("take a newer distribution", "%s, want %d or newer", line, oldestSystemd)
	}
	return ok("%s", line)
}

// runtimes is each container runtime's socket and program.
var runtimes = []struct{ socket, program string }{
	{"/run/containerd/containerd.sock", "containerd"}, {"/run/crio/crio.sock", "crio"},
}

func containerRuntime(_ *Survey, h *Host) []Row {
	for _, r := range runtimes {
		if h.Facts.Sockets[r.socket] {
			return ok("%s at %s", h.Facts.Versions[r.program], r.socket)
		}
	}
	for _, r := range runtimes {
		if line, there := h.Facts.Versions[r.program]; there {
			return failed("`systemctl enable --now "+r.program+"`", "%s is installed and does not run: nothing stands at %s", line, r.socket)
		}
	}
	if _, docker := h.Facts.Versions["dockerd"]; docker {
		return failed("`systemctl enable --now containerd`, which came with Docker", "Docker alone is none: Kubernetes needs containerd or CRI-O itself")
	}
	return failed("install containerd or CRI-O", "there is none")
}

func haproxyVersion(_ *Survey, h *Host) []Row {
	line, there := h.Facts.Versions["haproxy"]
	major, minor := versionNumbers(line)
	switch {
	case !there:
		return failed("install the distribution's package haproxy", "is not installed")
	case major < oldestHAProxyMajor || major == oldestHAProxyMajor && minor < oldestHAProxyMinor:
		return failed("install a newer one", "%s, want %d.%d or newer", line, oldestHAProxyMajor, oldestHAProxyMinor)
	}
	return ok("%s", line)
}
