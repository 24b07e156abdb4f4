package etcd

import (
	"net"
	"net/netip"
	"strconv"

	"hardway/artifact"
	"hardway/cluster"
)

// metricsPort is where /metrics and /health are served in the clear, on loopback only: the port kubeadm uses.
const metricsPort = 2381

// service is a member's unit. What a member needs to know of its cluster's beginning is inert: a running one never reads
// it again.
func service(spec *cluster.Spec, node cluster.Node) (artifact.Service, error) {
	versioned, err := versionedFlags(spec.Etcd.Version)
	if err != nil {
		return artifact.Service{}, err
	}
	flags := []artifact.Flag{
		{Name: "name", Value: node.Name},
		{Name: "data-dir", Value: DataDir},
		{Name: "listen-peer-urls", Value: node.PeerURL()},
		{Name: "listen-client-urls", Value: node.ClientURL()},
		{Name: "advertise-client-urls", Value: node.ClientURL()},
		{Name: "listen-metrics-urls", Value: metricsURL(node)},
		{Name: "initial-advertise-peer-urls", Value: node.PeerURL(), Inert: true},
		{Name: "initial-cluster", Value: spec.InitialCluster(), Inert: true},
		{Name: "initial-cluster-token", Value: spec.Name, Inert: true},
		{Name: "client-cert-auth", Value: "true"},
		{Name: "peer-client-cert-auth", Value: "true"},
	}
	for _, r := range readings() {
		flags = append(flags, artifact.Flag{Name: r.flag, Value: r.path})
	}
	timer, every := wantsSnapshots(spec)
	return artifact.Service{
		Name: Unit, Description: "etcd member " + node.Name + " of " + spec.Name, Documentation: "https://etcd.io/docs/",
		Wants: append([]string{"network-online.target"}, timer...), After: []string{"network-online.target"},
		Binary: Binary, Version: spec.Etcd.Version,
		Flags: append(append(flags, tuning()...), versioned...), UnitOptions: append(guard(), every...), Options: options(),
	}, nil
}

// guard lets systemd start only a member that has its log, or one that is armed; any one of the two is enough. A wiped
// member that is started even as existing takes its old place and votes in it, without knowing what it had promised: seen
// with 3.6.16, where the two wiped members of three elected the third.
func guard() []artifact.Option {
	return []artifact.Option{
		{Name: "AssertDirectoryNotEmpty", Value: "|" + LogDir},
		{Name: "AssertPathExists", Value: "|" + BootstrapPath},
	}
}

// metricsURL is on loopback, because it asks for no certificate. Members that share one machine each have a loopback
// address of their own, and serve it there.
func metricsURL(node cluster.Node) string {
	host := "127.0.0.1"
	if addr, err := netip.ParseAddr(node.PrimaryAddress()); err == nil && addr.IsLoopback() {
		host = node.PrimaryAddress()
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(metricsPort))
}

// tuning is what differs from etcd's defaults, for a cluster that holds Kubernetes.
func tuning() []artifact.Flag {
	return []artifact.Flag{
		// The default of 3.6; 3.5 kept ten times as many entries in memory.
		{Name: "snapshot-count", Value: "10000"},
		// API servers compact every 5 minutes; this bounds the history where none runs.
		{Name: "auto-compaction-mode", Value: "periodic"},
		{Name: "auto-compaction-retention", Value: "8h"},
		{Name: "quota-backend-bytes", Value: strconv.Itoa(QuotaBytes)},
	}
}

// options is the unit's [Service] section besides its command.
func options() []artifact.Option {
	return []artifact.Option{
		{Name: "Type", Value: "notify"},
		{Name: "User", Value: "etcd"},
		{Name: "Group", Value: "etcd"},
		// The state is never part of the command line: a wiped member started as new can form an empty cluster under the
		// same ID. New is said by a file that stands only during the first start and goes the moment the member is ready.
		{Name: "Environment", Value: stateVariable + "=existing"},
		{Name: "EnvironmentFile", Value: "-" + BootstrapPath},
		{Name: "ExecStartPost", Value: "+/bin/rm -f " + BootstrapPath},
		{Name: "Restart", Value: "on-failure"},
		{Name: "RestartSec", Value: "5s"},
		// Ready means part of a quorum, after replaying the log and, with a large database, checking all of it.
		{Name: "TimeoutStartSec", Value: "10min"},
		{Name: "LimitNOFILE", Value: "65536"},
		{Name: "OOMScoreAdjust", Value: "-997"},
		{Name: "UMask", Value: "0077"},
		{Name: "NoNewPrivileges", Value: "yes"},
		{Name: "CapabilityBoundingSet", Value: ""},
		{Name: "ProtectSystem", Value: "full"},
		{Name: "ProtectHome", Value: "yes"},
		{Name: "PrivateTmp", Value: "yes"},
		{Name: "PrivateDevices", Value: "yes"},
		{Name: "ProtectKernelTunables", Value: "yes"},
		{Name: "ProtectKernelModules", Value: "yes"},
		{Name: "ProtectControlGroups", Value: "yes"},
		{Name: "RestrictAddressFamilies", Value: "AF_UNIX AF_INET AF_INET6 AF_NETLINK"},
		{Name: "RestrictNamespaces", Value: "yes"},
		{Name: "RestrictRealtime", Value: "yes"},
		{Name: "RestrictSUIDSGID", Value: "yes"},
		{Name: "LockPersonality", Value: "yes"},
		{Name: "SystemCallArchitectures", Value: "native"},
	}
}
