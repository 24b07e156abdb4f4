package cluster

import (
	"iter"
	"math/big"
	"net/netip"
)

// PodCIDRs is the node's share of each pod CIDR, in the order of spec.network.podCIDR: what its pods get their addresses
// from. It is the host's own podCIDR where it gives one of that family, else the i-th block of nodeMaskSize for the i-th
// host that runs a kubelet. It is nil for a node without a kubelet, and lacks what a pod CIDR has no room for.
func (s *Spec) PodCIDRs(node Node) []string {
	for n, cidrs := range s.PodNetworks() {
		if n.Name == node.Name {
			return cidrs
		}
	}
	return nil
}

// PodNetworks is every host that runs a kubelet, in the order of the spec, with its PodCIDRs.
func (s *Spec) PodNetworks() iter.Seq2[*Node, []string] {
	return func(yield func(*Node, []string) bool) {
		all := prefixes(s.Network.PodCIDR)
		i := 0
		for h := range s.Hosts {
			n := &s.Hosts[h]
			if !s.RunsKubelet(n) {
				continue
			}
			var cidrs []string
			for _, pods := range all {
				if share, ok := s.share(pods, n, i); ok {
					cidrs = append(cidrs, share.String())
				}
			}
			if !yield(n, cidrs) {
				return
			}
			i++
		}
	}
}

// share is the block of pods that belongs to the node, the i-th that runs a kubelet.
func (s *Spec) share(pods netip.Prefix, node *Node, i int) (netip.Prefix, bool) {
	for _, pinned := range prefixes(node.PodCIDR) {
		if pinned.Addr().Is4() == pods.Addr().Is4() {
			return pinned, true
		}
	}
	return block(pods, s.NodeMask(pods), i)
}

// block is the i-th prefix of that length inside of another.
func block(of netip.Prefix, bits, i int) (netip.Prefix, bool) {
	room := bits - of.Bits()
	if room < 0 || bits > of.Addr().BitLen() || room < 31 && i >= 1<<room {
		return netip.Prefix{}, false
	}
	first := new(big.Int).SetBytes(of.Masked().Addr().AsSlice())
	first.Add(first, new(big.Int).Lsh(big.NewInt(int64(i)), uint(of.Addr().BitLen()-bits)))
	addr, ok := netip.AddrFromSlice(first.FillBytes(make([]byte, of.Addr().BitLen()/8)))
	return netip.PrefixFrom(addr, bits), ok
}
