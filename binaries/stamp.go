package binaries

import (
	"debug/buildinfo"
	"debug/elf"
	"regexp"
	"runtime/debug"
	"strings"
)

// stamp is what an executable says of itself; a field is empty where it does not.
type stamp struct {
	// arch is in Go's words, version as in v1.36.3.
	arch, version string
}

// machines is the architectures that executables are made for, in Go's words.
var machines = map[elf.Machine]string{elf.EM_X86_64: "amd64", elf.EM_AARCH64: "arm64"}

// Arch is what an executable is made for: in Go's words where Kubernetes is released for that, else as the ELF header has
// it; empty for what is no executable.
func Arch(file string) string {
	header, err := elf.Open(file)
	if err != nil {
		return ""
	}
	defer header.Close()
	if arch := machines[header.Machine]; arch != "" {
		return arch
	}
	return header.Machine.String()
}

// stampOf reads what a file says of itself. module is what the path of the module has to begin with for its version to be
// that of the executable.
func stampOf(file, module string) stamp {
	s := stamp{arch: Arch(file)}
	info, err := buildinfo.ReadFile(file)
	if err == nil && strings.HasPrefix(info.Main.Path, module) {
		s.version = versionIn(info)
	}
	return s
}

var (
	// linked is how releases put their version into executables; the flags are there unless it was built with -trimpath.
	linked = regexp.MustCompile(`(?:gitVersion|BuildVersion)=(v[0-9]+\.[0-9]+\.[0-9]+[^ '"]*)`)
	// released is a version of a tag, not one that Go makes up for a commit without.
	released = regexp.MustCompile(`^v[0-9]+\.[0-9]+\.[0-9]+(-(alpha|beta|rc)[.0-9]*)?$`)
)

// versionIn is the version of the main module, or what the linker was told. Build metadata is cut off: +dirty is a release
// with a file too many beside it. What no tag names is no version.
func versionIn(info *debug.BuildInfo) string {
	candidates := []string{info.Main.Version}
	for _, setting := range info.Settings {
		if setting.Key == "-ldflags" {
			for _, found := range linked.FindAllStringSubmatch(setting.Value, -1) {
				candidates = append(candidates, found[1])
			}
		}
	}
	for _, c := range candidates {
		if core, _, _ := strings.Cut(c, "+"); released.MatchString(core) {
			return core
		}
	}
	return ""
}
