package cluster

import (
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// maxHostName is HOST_NAME_MAX of Linux: a longer name is none that `hostname` prints.
const maxHostName = 64

func checkClusterName(r *review) {
	const path, hint = "metadata.name", "use lower-case letters, digits and dashes, at most 63, as in systemv"
	switch name := r.spec.Name; {
	case name == "":
		r.report(path, hint, "is missing")
	case len(validation.IsDNS1123Label(name)) > 0:
		r.report(path, hint, "%q is no DNS label", short(name))
	}
}

func checkClusterDomain(r *review) {
	domain := r.spec.Network.ClusterDomain
	if len(validation.IsDNS1123Subdomain(domain)) > 0 {
		r.report("spec.network.clusterDomain", "write a lower-case DNS name without a final dot, as in cluster.local",
			"%q is no DNS name", short(domain))
	}
}

func checkHostNames(r *review) {
	for i, n := range r.spec.Hosts {
		path := hostPath(i, "name")
		if n.Name == "" {
			r.report(path, "write what hostname prints on the host", "is missing")
			continue
		}
		if why := notHostName(n.Name); why != "" {
			r.report(path, "write what hostname prints on the host: lower-case letters, digits, dashes and dots",
				"%q %s", short(n.Name), why)
		}
	}
}

func checkAliases(r *review) {
	for i, n := range r.spec.Hosts {
		for j, alias := range n.Aliases {
			if why := notHostName(alias); why != "" {
				r.report(index(hostPath(i, "aliases"), j), "aliases are DNS names in lower case; addresses belong into address",
					"%q %s", short(alias), why)
			}
		}
	}
}

// notHostName says why no host can be called so, empty where it can.
func notHostName(name string) string {
	_, isAddress := address(name)
	switch {
	case isAddress:
		return "is an IP address, want a name"
	case len(validation.IsDNS1123Subdomain(name)) > 0:
		return "is no DNS name (RFC 1123 subdomain)"
	case len(name) > maxHostName:
		return "is longer than the 64 characters of a host name"
	case name == "localhost" || strings.HasPrefix(name, "localhost."):
		return "is every machine's name for itself"
	}
	return ""
}

// checkUniqueNames compares names and aliases of all hosts, in any case of letters.
func checkUniqueNames(r *review) {
	first := map[string]string{}
	claim := func(path, name string) {
		key := strings.ToLower(name)
		if key == "" {
			return
		}
		if other, taken := first[key]; taken {
			r.report(path, "give every host names of its own", "%q is already %s", short(name), other)
			return
		}
		first[key] = path
	}
	for i, n := range r.spec.Hosts {
		claim(hostPath(i, "name"), n.Name)
	}
	for i, n := range r.spec.Hosts {
		for j, alias := range n.Aliases {
			claim(index(hostPath(i, "aliases"), j), alias)
		}
	}
}
