package check

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"hardway/pki"
)

// sourceAddress: etcd compares the address that a peer comes from with the names in its certificate.
func sourceAddress(s *Survey, h *Host) []Row {
	names := peerAddresses(s, h)
	var rows []Row
	var from []string
	for _, o := range s.others(h) {
		if !members(s.Spec, o.Node) {
			continue
		}
		way, asked := h.Facts.Routes[o.Node.PrimaryAddress()]
		source, err := netip.ParseAddr(way.Source)
		switch {
		case h.Facts.Versions["ip"] == "":
			return noIP()
		case !asked || way.Trouble != "" || err != nil:
			rows = append(rows, failed("give the host a route there", "there is no way to %s (%s): %s", o.Node.Name, o.Node.PrimaryAddress(), way.Trouble)...)
		case !slices.Contains(names, source):
			rows = append(rows, failed(
				fmt.Sprintf("add %s to the addresses of %s in the spec, or let the route to %s leave from one of them", source, h.Node.Name, o.Node.PrimaryAddress()),
				"dials %s from %s, which is not in its peer certificate: etcd there would refuse it", o.Node.Name, source)...)
		default:
			from = append(from, source.String())
		}
	}
	if len(rows) == 0 && len(from) == 0 {
		return nil
	}
	slices.Sort(from)
	return orOK(rows, "%s", strings.Join(slices.Compact(from), ", "))
}

// peerAddresses is the addresses in the certificate that the host's etcd member shows its peers.
func peerAddresses(s *Survey, h *Host) []netip.Addr {
	for _, r := range pki.Catalogue(s.Spec) {
		if r.Name == "etcd-peer" && r.Node == h.Node.Name {
			return r.IPs
		}
	}
	return nil
}

// mtu compares what each of two hosts would send to the other at most.
func mtu(s *Survey, h *Host) []Row {
	if h.Facts.Versions["ip"] == "" {
		return noIP()
	}
	var rows []Row
	sizes := map[string]bool{}
	for _, o := range s.others(h) {
		there, back := h.mtuTo(o), o.mtuTo(h)
		if there == 0 || back == 0 {
			continue
		}
		sizes[fmt.Sprint(there)] = true
		if there != back {
			rows = append(rows, warning("give the interfaces of both the same MTU: large packets get lost where nobody says that they are too large",
				"%d to %s, which sends back %d", there, o.Node.Name, back)...)
		}
	}
	if len(rows) == 0 && len(sizes) == 0 {
		return nil
	}
	var list []string
	for size := range sizes {
		list = append(list, size)
	}
	slices.Sort(list)
	return orOK(rows, "%s", strings.Join(list, ", "))
}

// mtuTo is in bytes, 0 where it is not known.
func (h *Host) mtuTo(o *Host) int {
	way := h.Facts.Routes[o.Node.PrimaryAddress()]
	if way.MTU > 0 {
		return way.MTU
	}
	return h.Facts.Devices[way.Device].MTU
}
