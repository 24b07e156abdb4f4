package cis

import "slices"

// unit finds the file that systemd starts a program by.
func unit(program string) func(Host) []string {
	return func(h Host) []string {
		if path := h.Processes[program].Unit; path != "" {
			return []string{path}
		}
		return nil
	}
}

// named finds the files that a flag of a running program names.
func named(program, name string) func(Host) []string {
	return func(h Host) []string { return h.flag(program, name) }
}

// pki finds the files of Kubernetes' certificates and keys with an ending; everything without any.
func pki(endings ...string) func(Host) []string {
	return func(h Host) []string {
		found := h.below(pkiDir, endings...)
		if len(endings) == 0 {
			found = append([]string{pkiDir}, found...)
		}
		return found
	}
}

// anonymousIsBounded: the API server lets nobody in unnamed, or its authentication configuration says to which paths, which
// excludes the flag.
func anonymousIsBounded(h Host) bool {
	flags := h.Processes[apiServer].Flags
	_, configured := flags["authentication-config"]
	return flags["anonymous-auth"] == "false" || configured
}

func allowAnonymous(h *Host) { delete(h.Processes[apiServer].Flags, "authentication-config") }

func fitProvider(h Host) bool {
	return slices.Contains([]string{"aescbc", "secretbox", "kms"}, h.Encryption)
}

func etcdHasAnAuthority(h Host) bool {
	own, clients := h.Processes[etcd].Flags["trusted-ca-file"], h.Processes[apiServer].Flags["client-ca-file"]
	return own != "" && clients != "" && own != clients
}

func shareAuthority(h *Host) {
	h.Processes[etcd].Flags["trusted-ca-file"] = h.Processes[apiServer].Flags["client-ca-file"]
}
