package cluster

import (
	"net/netip"
	"slices"
)

// checkPodCIDRs: what a host's podCIDR pins is a block that hardway could have given it, and no two nodes get the same.
func checkPodCIDRs(r *review) {
	sound := true
	for i := range r.spec.Hosts {
		sound = r.pinnedBlocks(i) && sound
	}
	if sound {
		r.distinctBlocks()
	}
}

// pinnedBlocks reports what of a host's podCIDR is no block of the cluster's.
func (r *review) pinnedBlocks(i int) bool {
	n, path, before := &r.spec.Hosts[i], hostPath(i, "podCIDR"), len(r.problems)
	if len(n.PodCIDR) > 0 && !r.spec.RunsKubelet(n) {
		r.report(path, "remove it, or give the host the role worker", "%s runs no kubelet, and so no pods", n.Name)
	}
	for j, text := range n.PodCIDR {
		r.pinnedBlock(listPath(path, n.PodCIDR, j), text)
	}
	r.oneOfEach(path, readable(path, n.PodCIDR))
	return len(r.problems) == before
}

func (r *review) pinnedBlock(path, text string) {
	prefix, ok := parsePrefix(text)
	if !ok || prefix != prefix.Masked() {
		r.report(path, "write a range as in 10.200.3.0/24", "%q is no CIDR, or has bits set behind its prefix", short(text))
		return
	}
	all := prefixes(r.spec.Network.PodCIDR)
	k := slices.IndexFunc(all, func(p netip.Prefix) bool { return p.Addr().Is4() == prefix.Addr().Is4() })
	switch {
	case k < 0:
		r.report(path, "write a block of "+podPath, "%s is %s, and %s has none", prefix, family(prefix.Addr()), podPath)
	case prefix.Bits() != r.spec.NodeMask(all[k]):
		r.report(path, "write a block of nodeMaskSize", "%s is no /%d, as each node gets", prefix, r.spec.NodeMask(all[k]))
	case !all[k].Contains(prefix.Addr()):
		r.report(path, "write a block of "+podPath, "%s lies outside of %s", prefix, all[k])
	}
}

// distinctBlocks reports a host that would get what another has. Where one of the two is pinned, that one is right.
func (r *review) distinctBlocks() {
	holders := map[string]string{}
	for i := range r.spec.Hosts {
		for _, text := range r.spec.Hosts[i].PodCIDR {
			if _, taken := holders[text]; !taken {
				holders[text] = r.spec.Hosts[i].Name
			}
		}
	}
	for n, cidrs := range r.spec.PodNetworks() {
		for _, cidr := range cidrs {
			switch other, taken := holders[cidr]; {
			case !taken:
				holders[cidr] = n.Name
			case other != n.Name:
				r.report(hostPath(r.indexOf(n), "podCIDR"), "pin a free block there, as in podCIDR: "+r.freeBlock(cidr),
					"%s would get %s, which is %s's", n.Name, cidr, other)
			}
		}
	}
}

func (r *review) indexOf(n *Node) int {
	return slices.IndexFunc(r.spec.Hosts, func(o Node) bool { return o.Name == n.Name })
}

// freeBlock is the first block of the same size and range that no node has.
func (r *review) freeBlock(like string) string {
	taken := map[string]bool{}
	for _, cidrs := range r.spec.PodNetworks() {
		for _, cidr := range cidrs {
			taken[cidr] = true
		}
	}
	prefix := netip.MustParsePrefix(like)
	for _, pods := range prefixes(r.spec.Network.PodCIDR) {
		for i := 0; pods.Contains(prefix.Addr()); i++ {
			free, ok := block(pods, prefix.Bits(), i)
			if !ok {
				break
			}
			if !taken[free.String()] {
				return free.String()
			}
		}
	}
	return like
}
