package check

import (
	"maps"
	"slices"
	"strings"
)

func firewall(_ *Survey, h *Host) []Row {
	active := maps.Clone(h.Facts.Active)
	// ufw's unit is active also where ufw is switched off.
	if !active["ufw-rules"] {
		delete(active, "ufw")
	}
	delete(active, "ufw-rules")
	if len(active) == 0 {
		return ok("none is active")
	}
	names := slices.Sorted(maps.Keys(active))
	return warning("`hardway preflight --ports` prints the rules it needs; the check reach tells what gets through now", "%s: active", strings.Join(names, ", "))
}

func selinux(_ *Survey, h *Host) []Row {
	switch h.Facts.SELinux {
	case "1":
		return warning("executables delivered to /usr/local/bin keep the type bin_t; where something is denied `ausearch -m avc` says it", "enforcing")
	case "0":
		return ok("permissive")
	}
	return ok("off")
}
