package haproxy

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/pki"
)

const (
	// Component is what files of this package say of themselves.
	Component = "haproxy"
	// Unit is the distribution's.
	Unit = "haproxy.service"
	// ConfigPath is where the distribution's unit looks for its configuration.
	ConfigPath = "/etc/haproxy/haproxy.cfg"
	// Socket is the runtime socket: a planned restart of an API server drains it here first.
	Socket = "/run/haproxy/admin.sock"
	// Backend is the name of the backend that holds the API servers, each under its node's name.
	Backend = "apiservers"

	// CAPath is the bundle that API servers are verified with.
	CAPath = pki.HAProxyDir + "/" + pki.KubernetesBundle
)

// Files is everything a load balancer holds; nothing for a node that is none. The same input gives the same bytes. An
// error names what is missing in the work directory and what makes it, or what of the spec cannot be rendered.
func Files(spec *cluster.Spec, node cluster.Node, store *pki.Store, secrets Secrets) ([]artifact.File, error) {
	if !node.Has(cluster.RoleLoadBalancer) {
		return nil, nil
	}
	files, err := store.Files(node, Component)
	if err != nil {
		return nil, err
	}
	own, err := configured(spec, node, secrets.statsHash)
	if err != nil {
		return nil, err
	}
	files = append(files, own...)
	units, err := unitFiles(spec, node, files)
	if err != nil {
		return nil, err
	}
	files = append(files, units...)
	slices.SortFunc(files, func(a, b artifact.File) int { return strings.Compare(a.Path, b.Path) })
	return files, nil
}

// configured is what the node holds besides its certificates and the drop-ins; hash is the stats page's password as
// crypt(3) writes it.
func configured(spec *cluster.Spec, node cluster.Node, hash string) ([]artifact.File, error) {
	config, err := Configuration(spec, node, hash)
	if err != nil {
		return nil, fmt.Errorf("failed to render %s of %s: %w", ConfigPath, node.Name, err)
	}
	files := []artifact.File{{Path: ConfigPath, Mode: 0o600, Component: Component, Content: artifact.Bytes(config)}}
	if !Shares(spec, node) {
		return files, nil
	}
	shared, err := sharedFiles(spec, node)
	return append(files, shared...), err
}

// Reads is what HAProxy reads, everything again on reload, and keepalived where the node shares an address.
func Reads(spec *cluster.Spec, node cluster.Node) []artifact.Read {
	if !node.Has(cluster.RoleLoadBalancer) {
		return nil
	}
	reads := []artifact.Read{
		{Unit: Unit, Path: ConfigPath, Use: artifact.Configures, Effect: artifact.Reload},
		{Unit: Unit, Path: CAPath, Use: artifact.VerifiesServers, Peer: "kube-apiserver.service", Effect: artifact.Reload},
	}
	if Shares(spec, node) {
		reads = append(reads, sharedReads()...)
	}
	return reads
}

// section is HAProxy's drop-in. HAProxy takes half of the limit as the most connections: enough for two of each node of 5,000
// and those of people. Where the machine allows less, systemd and HAProxy both make do with that; a number in the
// configuration would be fatal.
const section = "[Service]\nLimitNOFILE=65536\n"

// unitFiles is the drop-ins that carry the hash of what a unit reads only at its start. That is nothing but the drop-in
// itself: the distribution's unit and binary are the package manager's.
func unitFiles(spec *cluster.Spec, node cluster.Node, files []artifact.File) ([]artifact.File, error) {
	sections := [][2]string{{Unit, section}}
	if Shares(spec, node) {
		sections = append(sections, [2]string{SharedUnit, sharedSection})
	}
	var out []artifact.File
	for _, s := range sections {
		inputs, err := artifact.Inputs(s[0], []byte(s[1]), files, Reads(spec, node))
		if err != nil {
			return nil, fmt.Errorf("failed to hash the inputs of %s: %w", s[0], err)
		}
		text := s[1] + "Environment=" + artifact.InputsVariable + "=" + inputs + "\n"
		dir := artifact.UnitDir + "/" + s[0] + ".d"
		out = append(out,
			artifact.File{Path: dir, Mode: fs.ModeDir | 0o755, Component: Component},
			artifact.File{Path: dir + "/hardway.conf", Mode: 0o600, Component: Component, Content: artifact.Bytes([]byte(text))})
	}
	return out, nil
}

// DataDirs is where the distribution's unit makes something when HAProxy starts: the place at which it gives the log into
// HAProxy's root.
func DataDirs() []string { return []string{"/var/lib/haproxy/dev"} }
