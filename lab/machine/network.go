package machine

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
)

// The networks that a lab is given where none is asked for: the first that neither Docker nor this machine uses.
const (
	firstSubnet = "172.31.240.0/24"
	subnets     = 16
)

// OfLabs reports whether a network is one of those.
func OfLabs(subnet netip.Prefix) bool {
	next := netip.MustParsePrefix(firstSubnet)
	for range subnets {
		if subnet == next {
			return true
		}
		next = after(next)
	}
	return false
}

// after is the network behind one of 256 addresses.
func after(subnet netip.Prefix) netip.Prefix {
	bytes := subnet.Addr().As4()
	bytes[2]++
	return netip.PrefixFrom(netip.AddrFrom4(bytes), subnet.Bits())
}

// Network is the lab's network, a bridge that is made where there is none: machines reach each other and this machine
// through it. want is the addresses it is to have; the zero Prefix leaves that open.
func (l Lab) Network(ctx context.Context, want netip.Prefix) (netip.Prefix, error) {
	if err := answers(ctx); err != nil {
		return netip.Prefix{}, err
	}
	existing, err := lines(ctx, "network", "ls", "--quiet", "--filter", l.filter())
	if err != nil {
		return netip.Prefix{}, err
	}
	if len(existing) > 0 {
		return l.sameNetwork(ctx, existing, want)
	}
	candidates := []netip.Prefix{want}
	if !want.IsValid() {
		if candidates, err = freeSubnets(); err != nil {
			return netip.Prefix{}, err
		}
	}
	return l.makeNetwork(ctx, candidates)
}

func (l Lab) sameNetwork(ctx context.Context, existing []string, want netip.Prefix) (netip.Prefix, error) {
	text, err := docker(ctx, nil, append([]string{"network", "inspect", "--format", "{{range .IPAM.Config}}{{.Subnet}}{{end}}"}, existing...)...)
	if err != nil {
		return netip.Prefix{}, err
	}
	is, err := netip.ParsePrefix(text)
	if err == nil && want.IsValid() && want != is {
		err = fmt.Errorf("the lab's network is %s, not %s", is, want)
	}
	return is, err
}

// makeNetwork takes the first that Docker finds free: labs that begin at the same time must not get the same one.
func (l Lab) makeNetwork(ctx context.Context, candidates []netip.Prefix) (netip.Prefix, error) {
	var err error
	for _, subnet := range candidates {
		_, err = docker(ctx, nil, "network", "create", "--driver", "bridge", "--subnet", subnet.String(), "--label", l.label(), l.network())
		if err == nil {
			return subnet, nil
		}
		if !strings.Contains(err.Error(), "overlap") {
			break
		}
	}
	return netip.Prefix{}, fmt.Errorf("failed to make the lab's network: %w", err)
}

// freeSubnets is those that hold no address of this machine's.
func freeSubnets() ([]netip.Prefix, error) {
	here, err := net.InterfaceAddrs()
	if err != nil {
		return nil, fmt.Errorf("failed to list the addresses of this machine: %w", err)
	}
	used := func(subnet netip.Prefix) bool {
		return slices.ContainsFunc(here, func(a net.Addr) bool {
			p, err := netip.ParsePrefix(a.String())
			return err == nil && p.Overlaps(subnet)
		})
	}
	var free []netip.Prefix
	next := netip.MustParsePrefix(firstSubnet)
	for range subnets {
		if !used(next) {
			free = append(free, next)
		}
		next = after(next)
	}
	if free == nil {
		return nil, fmt.Errorf("%d networks from %s on are all in use on this machine", subnets, firstSubnet)
	}
	return free, nil
}

// removeAll removes every volume, or every network, of the lab.
func (l Lab) removeAll(ctx context.Context, kind string) error {
	names, err := lines(ctx, kind, "ls", "--quiet", "--filter", l.filter())
	if err != nil || len(names) == 0 {
		return err
	}
	_, err = docker(ctx, nil, append([]string{kind, "rm"}, names...)...)
	return err
}
