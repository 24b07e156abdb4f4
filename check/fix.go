package check

import (
	"fmt"
	"slices"
	"strings"

	"hardway/artifact"
	"hardway/remote"
)

// Where what a fix wants of the kernel is said, for every boot to come.
const (
	ModulesFile = "/etc/modules-load.d/hardway.conf"
	SysctlsFile = "/etc/sysctl.d/99-hardway.conf"
)

// Fix is what can be done on a host about what preflight found, without harm to anything that runs there: files for every
// boot to come, then commands that make them count now.
type Fix struct {
	Host     string
	Files    []artifact.File
	Commands []remote.Command
	// Left is what could be fixed and is not, and why.
	Left []string
}

// Fixes is what can be done on each host, those with nothing to do left out. What is waived stays as it is.
func (s *Survey) Fixes(waive ...string) []Fix {
	bad := map[[2]string]bool{}
	for _, r := range s.Judge(waive...) {
		if r.State == Failed || r.State == Warning {
			bad[[2]string{r.Host, r.Check}] = true
		}
	}
	var out []Fix
	for i := range s.Hosts {
		h := &s.Hosts[i]
		fix := Fix{Host: h.Node.Name}
		if bad[[2]string{fix.Host, "kernel-modules"}] {
			fix.setting(ModulesFile, wantedModules, "systemd-modules-load.service")
		}
		if bad[[2]string{fix.Host, "sysctls"}] {
			var lines []string
			for _, name := range dotted(wantedSysctls(s.Spec)) {
				lines = append(lines, name+" = 1")
			}
			fix.setting(SysctlsFile, lines, "systemd-sysctl.service")
		}
		if bad[[2]string{fix.Host, "swap"}] {
			fix.swapOff(h.Facts)
		}
		if len(fix.Commands)+len(fix.Left) > 0 {
			out = append(out, fix)
		}
	}
	return out
}

// setting has a unit of systemd read a file, now and at every boot.
func (f *Fix) setting(path string, lines []string, unit string) {
	text := "# Kubernetes needs this; written by hardway preflight --fix.\n" + strings.Join(lines, "\n") + "\n"
	f.Files = append(f.Files, artifact.File{Path: path, Mode: 0o644, Content: artifact.Bytes([]byte(text))})
	f.Commands = append(f.Commands, remote.Systemctl("restart", unit))
}

// swapOff masks the units that swap, which ends it now and keeps it off, whatever /etc/fstab says, until they are
// unmasked. What is swapped out has to fit into memory.
func (f *Fix) swapOff(facts *Facts) {
	var used int64
	for _, s := range facts.Swaps {
		used += s.Used
	}
	switch {
	case used > facts.Available:
		f.Left = append(f.Left, fmt.Sprintf("%s: swap stays on: %s of it are in use, and only %s of memory are available", f.Host, megabytes(used), megabytes(facts.Available)))
	case len(facts.SwapUnits) == 0:
		f.Left = append(f.Left, f.Host+": swap stays on: no unit of systemd made it, so whoever did would make it again")
	default:
		units := slices.Sorted(slices.Values(facts.SwapUnits))
		f.Commands = append(f.Commands, remote.Systemctl("mask", append([]string{"--now"}, units...)...))
	}
}
