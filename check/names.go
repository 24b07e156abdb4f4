package check

import (
	"slices"
	"strings"

	"hardway/cluster"
)

func endpointName(s *Survey, h *Host) []Row {
	name := hostToResolve(s.Spec)
	if name == "" {
		return nil
	}
	if len(h.Facts.Resolved) == 0 {
		return failed("put it into DNS, or into /etc/hosts on every host", "%s does not resolve", name)
	}
	seen := strings.Join(h.Facts.Resolved, ", ")
	if wanted := endpointAddresses(s.Spec); len(wanted) > 0 && !slices.ContainsFunc(h.Facts.Resolved, func(a string) bool { return slices.Contains(wanted, a) }) {
		return warning("let it resolve to "+strings.Join(wanted, " or "), "%s resolves to %s, which is no load balancer of the spec", name, seen)
	}
	return ok("%s is %s", name, seen)
}

// endpointAddresses is the addresses that the endpoint's name should have; none where somebody else serves it.
func endpointAddresses(spec *cluster.Spec) []string {
	if vip := spec.LoadBalancer.VirtualIP; vip != "" {
		return []string{vip}
	}
	var out []string
	for _, n := range balancing(spec) {
		out = append(out, n.Address...)
	}
	return out
}

func nameservers(_ *Survey, h *Host) []Row {
	if len(h.Facts.Nameservers) == 0 {
		return warning("name one in /etc/resolv.conf, or what writes that file", "/etc/resolv.conf names none")
	}
	var rows []Row
	for _, address := range h.Facts.Nameservers {
		err, asked := h.Nameservers[address]
		switch {
		case !asked || prohibited(err):
			rows = append(rows, unknown("let sshd forward TCP", "%s could not be asked", address)...)
		case err != nil:
			rows = append(rows, warning("is it up, may the host reach its port 53? pods ask it too", "%s does not answer over TCP: %s", address, why(err))...)
		}
	}
	return orOK(rows, "%s answer", strings.Join(h.Facts.Nameservers, ", "))
}
