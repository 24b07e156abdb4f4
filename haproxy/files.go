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
	CAPath    = pki.HAProxyDir + "/" + pki.KubernetesBundle
	dropInDir = artifact.UnitDir + "/haproxy.service.d"
	dropIn    = dropInDir + "/hardway.conf"
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
	config, err := Configuration(spec, node, secrets.statsHash)
	if err != nil {
		return nil, fmt.Errorf("failed to render %s of %s: %w", ConfigPath, node.Name, err)
	}
	files = append(files, artifact.File{Path: ConfigPath, Mode: 0o600, Component: Component, Content: artifact.Bytes(config)})
	unit, err := unitFiles(files, Reads(spec, node))
	if err != nil {
		return nil, err
	}
	files = append(files, unit...)
	slices.SortFunc(files, func(a, b artifact.File) int { return strings.Compare(a.Path, b.Path) })
	return files, nil
}

// Reads is what HAProxy reads: everything again on reload.
func Reads(_ *cluster.Spec, node cluster.Node) []artifact.Read {
	if !node.Has(cluster.RoleLoadBalancer) {
		return nil
	}
	return []artifact.Read{
		{Unit: Unit, Path: ConfigPath, Use: artifact.Configures, Effect: artifact.Reload},
		{Unit: Unit, Path: CAPath, Use: artifact.VerifiesServers, Peer: "kube-apiserver.service", Effect: artifact.Reload},
	}
}

// unitFiles is the drop-in that carries the hash of what HAProxy reads only at its start. That is nothing but the
// drop-in itself: the distribution's unit and binary are the package manager's.
func unitFiles(files []artifact.File, reads []artifact.Read) ([]artifact.File, error) {
	// HAProxy takes half of it as the most connections: enough for two of each node of 5,000 and those of people. Where
	// the machine allows less, systemd and HAProxy both make do with that; a number in the configuration would be fatal.
	const section = "[Service]\nLimitNOFILE=65536\n"
	inputs, err := artifact.Inputs(Unit, []byte(section), files, reads)
	if err != nil {
		return nil, fmt.Errorf("failed to hash the inputs of %s: %w", Unit, err)
	}
	text := section + "Environment=" + artifact.InputsVariable + "=" + inputs + "\n"
	return []artifact.File{
		{Path: dropInDir, Mode: fs.ModeDir | 0o755, Component: Component},
		{Path: dropIn, Mode: 0o600, Component: Component, Content: artifact.Bytes([]byte(text))},
	}, nil
}
