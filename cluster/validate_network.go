package cluster

import "net/netip"

// cidr is one of the cluster's ranges, with the field it stands in.
type cidr struct {
	path   string
	prefix netip.Prefix
}

const (
	podPath     = "spec.network.podCIDR"
	servicePath = "spec.network.serviceCIDR"
)

// ranges is every range of the spec that can be read.
func (r *review) ranges() []cidr {
	return append(readable(podPath, r.spec.Network.PodCIDR), readable(servicePath, r.spec.Network.ServiceCIDR)...)
}

// readable is the CIDRs among the texts. Of more than three, which are too many anyway, the first three do.
func readable(path string, texts []string) []cidr {
	var out []cidr
	for i, text := range texts[:min(len(texts), 3)] {
		if prefix, ok := parsePrefix(text); ok {
			out = append(out, cidr{listPath(path, texts, i), prefix.Masked()})
		}
	}
	return out
}

func checkCIDRs(r *review) {
	r.cidrs(podPath, "10.200.0.0/16", r.spec.Network.PodCIDR)
	r.cidrs(servicePath, "10.32.0.0/24", r.spec.Network.ServiceCIDR)
}

func (r *review) cidrs(path, example string, texts []string) {
	if len(texts) == 0 {
		r.report(path, "write a range as in "+example, "is missing")
	}
	for i, text := range texts {
		at := listPath(path, texts, i)
		prefix, ok := parsePrefix(text)
		switch {
		case !ok:
			r.report(at, "write a range as in "+example, "%q is no CIDR", short(text))
		case prefix != prefix.Masked():
			r.report(at, "write "+prefix.Masked().String(), "%s has bits set behind its prefix", text)
		case unroutable(prefix.Addr()):
			r.report(at, "choose a private range, as in "+example, "%s is no range that pods and Services can have", text)
		}
	}
}

// unroutable reports the ranges that hosts themselves give another meaning.
func unroutable(addr netip.Addr) bool {
	return addr.IsLoopback() || addr.IsMulticast() || addr.IsLinkLocalUnicast() || addr.IsUnspecified()
}

// checkFamilies: one range, or one of each family, and pods and Services in the same order.
func checkFamilies(r *review) {
	pods, services := readable(podPath, r.spec.Network.PodCIDR), readable(servicePath, r.spec.Network.ServiceCIDR)
	sound := r.oneOfEach(podPath, pods) && r.oneOfEach(servicePath, services)
	if !sound || len(pods) == 0 || len(services) == 0 {
		return
	}
	if len(pods) != len(services) {
		r.report(servicePath, "give both one range, or both one of each family", "has %d, but podCIDR has %d", len(services), len(pods))
		return
	}
	if a, b := services[0].prefix.Addr(), pods[0].prefix.Addr(); a.Is4() != b.Is4() {
		r.report(services[0].path, "begin podCIDR and serviceCIDR with the same family", "is %s, but the first pod CIDR is %s", family(a), family(b))
	}
}

func (r *review) oneOfEach(path string, ranges []cidr) bool {
	if len(ranges) > 2 || len(ranges) == 2 && ranges[0].prefix.Addr().Is4() == ranges[1].prefix.Addr().Is4() {
		r.report(path, "write one range, or for dual stack one of each family", "has several ranges of one family")
		return false
	}
	return true
}

func checkOverlaps(r *review) {
	for _, service := range readable(servicePath, r.spec.Network.ServiceCIDR) {
		for _, pod := range readable(podPath, r.spec.Network.PodCIDR) {
			if service.prefix.Overlaps(pod.prefix) {
				r.report(service.path, "choose ranges that share no address", "%s overlaps %s %s", service.prefix, pod.path, pod.prefix)
			}
		}
	}
}

// checkServiceSize: the API's Service takes the first address and DNS the tenth.
func checkServiceSize(r *review) {
	for _, c := range readable(servicePath, r.spec.Network.ServiceCIDR) {
		if bits := hostBits(c.prefix); bits < 4 {
			r.report(c.path, "choose a /28 or larger (for IPv6 a /124)", "%s holds %d addresses, too few: the cluster's DNS gets the tenth", c.prefix, 1<<bits)
		}
	}
}

func hostBits(prefix netip.Prefix) int { return prefix.Addr().BitLen() - prefix.Bits() }

// checkNodeBlocks: each node that runs a kubelet gets a block of nodeMaskSize out of every pod CIDR.
func checkNodeBlocks(r *review) {
	const path = "spec.network.nodeMaskSize"
	nodes := len(r.spec.Kubelets())
	for _, c := range readable(podPath, r.spec.Network.PodCIDR) {
		mask := r.spec.NodeMask(c.prefix)
		blocks := mask - c.prefix.Bits()
		switch {
		case mask < 1 || mask > c.prefix.Addr().BitLen()-4:
			r.report(path, "write the length of a node's prefix, as in 24 for IPv4 or 64 for IPv6", "%d leaves a node no room for pods", mask)
		case blocks < 0:
			r.report(c.path, "choose a larger range, or a longer nodeMaskSize", "%s is too small: it does not hold one node's /%d", c.prefix, mask)
		case blocks < 31 && nodes > 1<<blocks:
			r.report(c.path, "choose a larger range, or a longer nodeMaskSize", "%s is too small: it holds %d nodes' /%d, but %d hosts run a kubelet", c.prefix, 1<<blocks, mask, nodes)
		case c.prefix.Addr().Is6() && blocks > maxBlockBits:
			r.report(c.path, "choose a smaller range, or a shorter nodeMaskSize", "%s is more than %d bits larger than a node's /%d, which kube-controller-manager refuses", c.prefix, maxBlockBits, mask)
		}
	}
}

// maxBlockBits is clusterSubnetMaxDiff of kube-controller-manager's node IPAM, which it enforces for IPv6.
const maxBlockBits = 16
