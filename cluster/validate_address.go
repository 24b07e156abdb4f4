package cluster

import (
	"net/netip"
	"strings"
)

func checkAddresses(r *review) {
	for i, n := range r.spec.Hosts {
		path := hostPath(i, "address")
		if len(n.Address) == 0 {
			r.report(path, "write the IP address that the other hosts reach it by", "is missing")
		}
		for j, text := range n.Address {
			r.hostAddress(listPath(path, n.Address, j), text)
		}
	}
}

func (r *review) hostAddress(path, text string) {
	addr, ok := address(text)
	if !ok {
		r.report(path, "write an IP address without zeros in front, as in 192.168.96.46 or fd00::46; names belong into name and aliases",
			"%q is no IP address", short(text))
		return
	}
	if why := undialable(addr); why != "" {
		r.report(path, "write the address that the other hosts reach it by", "%s %s", text, why)
	}
}

// undialable says why other hosts cannot dial the address, empty where they can. Loopback addresses but the first are
// fine: several hosts on one machine, for rehearsals, live there.
func undialable(addr netip.Addr) string {
	switch {
	case addr == netip.AddrFrom4([4]byte{127, 0, 0, 1}), addr == netip.IPv6Loopback():
		return "is every machine's address for itself"
	case addr.IsUnspecified():
		return "is no machine's address"
	case addr.IsMulticast():
		return "is a multicast address"
	case addr == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return "is the broadcast address"
	case addr.Is6() && addr.IsLinkLocalUnicast():
		return "is a link-local address, which means nothing without an interface"
	}
	return ""
}

// looksLikeAddress reports text that is meant as an IPv4 address but is none, as in 10.0.0.300: as a DNS name it would
// pass, since digits and dots are one.
func looksLikeAddress(text string) bool {
	return strings.Trim(text, "0123456789.") == ""
}

// checkUniqueAddresses compares addresses in their one canonical spelling.
func checkUniqueAddresses(r *review) {
	first := map[netip.Addr]string{}
	for i, n := range r.spec.Hosts {
		for j, text := range n.Address {
			addr, ok := address(text)
			if !ok {
				continue
			}
			path := listPath(hostPath(i, "address"), n.Address, j)
			if other, taken := first[addr]; taken {
				r.report(path, "give every host an address of its own", "%s is already %s", text, other)
				continue
			}
			first[addr] = path
		}
	}
}

// checkAddressNetworks holds the hosts' addresses against the cluster's ranges: of a family that the cluster has, and
// outside of what pods and Services are given.
func checkAddressNetworks(r *review) {
	for i, n := range r.spec.Hosts {
		for j, text := range n.Address {
			if addr, ok := address(text); ok {
				path := listPath(hostPath(i, "address"), n.Address, j)
				r.outsideRanges(path, addr)
				r.familyOf(path, addr)
			}
		}
		r.primaryFamily(i, n)
	}
}

// outsideRanges reports an address that routes into the pod or Service network instead of to a host.
func (r *review) outsideRanges(path string, addr netip.Addr) {
	for _, c := range r.ranges() {
		if c.prefix.Contains(addr) {
			r.report(path, "move the host out of that range, or choose another range", "%s lies in %s %s", addr, c.path, c.prefix)
		}
	}
}

func (r *review) familyOf(path string, addr netip.Addr) {
	ranges := r.ranges()
	for _, c := range ranges {
		if c.prefix.Addr().Is4() == addr.Is4() {
			return
		}
	}
	if len(ranges) > 0 {
		r.report(path, "write an address of the other family, or make podCIDR and serviceCIDR dual stack: a list with one of each",
			"%s is %s, but podCIDR and serviceCIDR have none", addr, family(addr))
	}
}

// primaryFamily: an API server exits where the address it advertises is not of the first service CIDR's family.
func (r *review) primaryFamily(i int, n Node) {
	services := prefixes(r.spec.Network.ServiceCIDR)
	addr, ok := address(n.PrimaryAddress())
	if !ok || len(services) < 2 || !n.Has(RoleControlPlane) || addr.Is4() == services[0].Addr().Is4() {
		return
	}
	path := listPath(hostPath(i, "address"), n.Address, 0)
	r.report(path, "put the addresses of a master and the service CIDRs into the same order",
		"%s is %s, but an API server advertises an address of the first service CIDR's family, %s", addr, family(addr), family(services[0].Addr()))
}

func family(addr netip.Addr) string {
	if addr.Is4() {
		return "IPv4"
	}
	return "IPv6"
}
