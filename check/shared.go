package check

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"hardway/cluster"
)

// oldestKeepalivedMajor is the first with everything that its configuration says: 2.0.
const oldestKeepalivedMajor = 2

// sharers is the balancers that share an address.
func sharers(s *cluster.Spec, n cluster.Node) bool {
	return slices.ContainsFunc(sharing(s), func(b cluster.Node) bool { return b.Name == n.Name })
}

func keepalivedVersion(_ *Survey, h *Host) []Row {
	line, there := h.Facts.Versions["keepalived"]
	major, _ := versionNumbers(line)
	_, curl := h.Facts.Versions["curl"]
	switch {
	case !there:
		return failed("install the distribution's package keepalived", "is not installed, and nobody else would hold the address that balancers share")
	case major < oldestKeepalivedMajor:
		return failed("install a newer one", "%s, want %d.0 or newer", line, oldestKeepalivedMajor)
	case !curl:
		return failed("install the distribution's package curl", "%s, but curl is not installed, by which it asks whether HAProxy serves", line)
	}
	return ok("%s", line)
}

// sharedAddress is judged by the way there: from a host that has an address of the same network on the same interface, it is
// direct, and leaves from that address.
func sharedAddress(s *Survey, h *Host) []Row {
	shared := s.Spec.LoadBalancer.VirtualIP
	way, asked := h.Facts.Routes[shared]
	elsewhere := "give spec.loadBalancer.virtualIP a free address of the balancers' own network"
	switch {
	case !asked || way.Trouble != "":
		return failed(elsewhere, "there is no way to %s: %s", shared, way.Trouble)
	case way.Local:
		return ok("%s is held here", shared)
	case way.Via != "":
		return failed(elsewhere, "%s is behind the router %s: keepalived can hold only what is in a network of the host's own", shared, way.Via)
	case !slices.Contains(h.Node.Address, way.Source):
		return failed(elsewhere, "%s is in the network of %s (%s), and would be held on the interface with %s", shared, way.Device, way.Source, h.Node.PrimaryAddress())
	}
	if holder := s.holderOf(shared); holder != "" {
		return ok("%s is held by %s", shared, holder)
	}
	if err, tried := h.Shared[shared]; tried && somebodyAnswers(err) {
		return failed("find out who has it, or "+elsewhere, "somebody who is no balancer of the spec answers at %s", shared)
	}
	return ok("%s is on %s, and free", shared, way.Device)
}

// holderOf is the balancer that has the address.
func (s *Survey) holderOf(address string) string {
	for i := range s.Hosts {
		if h := &s.Hosts[i]; h.Facts != nil && h.Facts.Routes[address].Local && sharers(s.Spec, h.Node) {
			return h.Node.Name
		}
	}
	return ""
}

// somebodyAnswers: a connection that is taken, or refused, is so by a host that is there.
func somebodyAnswers(err error) bool {
	refused := (*ssh.OpenChannelError)(nil)
	return err == nil || errors.As(err, &refused) && strings.Contains(strings.ToLower(refused.Message), "refused")
}

// sharedTarget is what is dialled to see whether somebody has the address: no port of a balancer's own.
func sharedTarget(address string) string { return fmt.Sprintf("%s:%d", bracketed(address), 22) }

func bracketed(address string) string {
	if strings.Contains(address, ":") {
		return "[" + address + "]"
	}
	return address
}
