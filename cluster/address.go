package cluster

import "net/netip"

// address reads an IP address in any spelling that names one host address: IPv6 in each of its forms, IPv4 mapped into
// IPv6. Zones and octets with leading zeros are no addresses.
func address(text string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" {
		return netip.Addr{}, false
	}
	return addr.Unmap(), true
}

// parsePrefix reads a CIDR with whatever bits it has behind its prefix. IPv4 mapped into IPv6 is none: a range belongs to
// one family.
func parsePrefix(text string) (netip.Prefix, bool) {
	prefix, err := netip.ParsePrefix(text)
	return prefix, err == nil && !prefix.Addr().Is4In6()
}

// canonical is the one spelling of an IP address or CIDR, and any other text as it is. Bits behind a CIDR's prefix stay:
// they are a mistake to be reported.
func canonical(text string) string {
	if addr, ok := address(text); ok {
		return addr.String()
	}
	if prefix, ok := parsePrefix(text); ok {
		return prefix.String()
	}
	return text
}

func canonicalAll(texts []string) {
	for i, text := range texts {
		texts[i] = canonical(text)
	}
}

// prefixes reads CIDRs and leaves out what is none.
func prefixes(cidrs []string) []netip.Prefix {
	var out []netip.Prefix
	for _, cidr := range cidrs {
		if prefix, ok := parsePrefix(cidr); ok {
			out = append(out, prefix.Masked())
		}
	}
	return out
}

// nth is the address n after the first of the prefix.
func nth(prefix netip.Prefix, n int) netip.Addr {
	addr := prefix.Masked().Addr()
	for range n {
		addr = addr.Next()
	}
	return addr
}
