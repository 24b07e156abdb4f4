package haproxy

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
)

// Host is what a balancer's host is read through.
type Host interface {
	ReadFile(ctx context.Context, path string) ([]byte, error)
}

// AskHolds looks whether a host has the address that balancers share right now.
func AskHolds(ctx context.Context, host Host, shared string) (bool, error) {
	addr, err := netip.ParseAddr(shared)
	if err != nil {
		return false, fmt.Errorf("failed to read spec.loadBalancer.virtualIP: %w", err)
	}
	table, err := host.ReadFile(ctx, AddressTable(addr))
	if err != nil {
		return false, fmt.Errorf("failed to look who holds %s: %w", shared, err)
	}
	return Holds(table, addr), nil
}

// AddressTable is the file of the kernel's that lists the addresses of a host, of IPv4 or of IPv6.
func AddressTable(addr netip.Addr) string {
	if addr.Is4() {
		return "/proc/net/fib_trie"
	}
	return "/proc/net/if_inet6"
}

// Holds reports whether a host has an address, from its AddressTable.
func Holds(table []byte, addr netip.Addr) bool {
	bytes16 := addr.As16()
	inIPv6, inIPv4 := hex.EncodeToString(bytes16[:]), "|-- "+addr.String()
	leaf := false
	lines := bufio.NewScanner(bytes.NewReader(table))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		switch {
		case !addr.Is4() && strings.HasPrefix(line, inIPv6+" "):
			return true
		case strings.HasPrefix(line, "|-- "):
			leaf = line == inIPv4
		case leaf && strings.HasSuffix(line, "host LOCAL"):
			return true
		}
	}
	return false
}
