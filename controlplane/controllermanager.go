package controlplane

import (
	"net/netip"
	"strings"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/kubeconfig"
	"hardway/pki"
)

const (
	controllerManager     = "controller-manager"
	controllerManagerPort = 10257
	flexVolumeDir         = "/var/lib/kubelet/volumeplugins"
)

// controllerManagerSettings is kube-controller-manager's command line, in the order in which it is written.
func controllerManagerSettings(spec *cluster.Spec, node cluster.Node) []setting {
	var out []setting
	for _, part := range [][]setting{
		localServing(node, controllerManagerPort, "controller-manager-serving"),
		delegation(controllerManager),
		{file("kubeconfig", kubeconfig.HostPath(controllerManager), artifact.Configures, "", artifact.Restart)},
		controllers(spec), nodeRanges(spec), signing(spec),
	} {
		out = append(out, part...)
	}
	return out
}

// localServing is the HTTPS port of a component that only its own machine asks, for health and metrics.
func localServing(node cluster.Node, number int, leaf string) []setting {
	out := []setting{
		plain("bind-address", node.LocalAddress()),
		plain("secure-port", port(number)),
		plain("profiling", "false"),
		plain("tls-min-version", tlsMinVersion),
		plain("tls-cipher-suites", tlsCipherSuites()),
	}
	return append(out, pair("tls-cert-file", "tls-private-key-file", leaf, artifact.ServesWith, clients, artifact.Hot)...)
}

// delegation is how a component other than the API server decides about those who ask it: by the cluster's authorities
// and by asking the API server.
func delegation(user string) []setting {
	config := kubeconfig.HostPath(user)
	return append([]setting{
		file("authentication-kubeconfig", config, artifact.Configures, "", artifact.Restart),
		file("authorization-kubeconfig", config, artifact.Configures, "", artifact.Restart),
		file("client-ca-file", bundle(), artifact.VerifiesClients, clients, artifact.Hot),
	}, requestHeader()...)
}

func controllers(spec *cluster.Spec) []setting {
	enabled := "*"
	if spec.Worker.Bootstrap == bootstrapToken {
		enabled = "*,bootstrapsigner,tokencleaner"
	}
	return []setting{
		plain("cluster-name", spec.Name),
		plain("controllers", enabled),
		plain("leader-elect", "true"),
		plain("use-service-account-credentials", "true"),
		file("service-account-private-key-file", pki.KubernetesDir+"/"+pki.ServiceAccountKey, artifact.SignsWith, APIServerUnit, artifact.Restart),
		// What pods find as ca.crt beside their token.
		file("root-ca-file", bundle(), artifact.VerifiesServers, APIServerUnit, artifact.Restart),
		// It makes this directory at its start; the default lies below /usr, which may be read-only.
		plain("flex-volume-plugin-dir", flexVolumeDir),
		// Finished pods are kept for their logs, but not 12,500 of them as by default.
		plain("terminated-pod-gc-threshold", "1000"),
	}
}

// nodeRanges is the ranges that each node's pod range and each Service's address are taken from.
func nodeRanges(spec *cluster.Spec) []setting {
	out := []setting{
		plain("allocate-node-cidrs", "true"),
		plain("cluster-cidr", strings.Join(spec.Network.PodCIDR, ",")),
		plain("service-cluster-ip-range", strings.Join(spec.Network.ServiceCIDR, ",")),
	}
	return append(out, nodeMasks(spec)...)
}

// nodeMasks is one flag for a single stack, and one per family for a dual one: the controller-manager refuses them mixed.
func nodeMasks(spec *cluster.Spec) []setting {
	var out []setting
	for _, cidr := range spec.Network.PodCIDR {
		prefix, err := netip.ParsePrefix(cidr)
		if err != nil {
			continue
		}
		name := "node-cidr-mask-size"
		if len(spec.Network.PodCIDR) > 1 {
			name += map[bool]string{true: "-ipv4", false: "-ipv6"}[prefix.Addr().Is4()]
		}
		out = append(out, plain(name, port(spec.NodeMask(prefix))))
	}
	return out
}

// signing is for clusters whose masters sign certificate requests. These two files are the only ones that hold exactly
// one certificate instead of a bundle: with a bundle there the controller-manager stops signing.
func signing(spec *cluster.Spec) []setting {
	if !signsOnMasters(spec) {
		return nil
	}
	return append(pair("cluster-signing-cert-file", "cluster-signing-key-file", "ca", artifact.SignsWith, clients, artifact.Hot),
		plain("cluster-signing-duration", spec.PKI.Validity.Leaf.String()))
}

func signsOnMasters(spec *cluster.Spec) bool {
	return spec.PKI.SignOnMasters != nil && *spec.PKI.SignOnMasters
}
