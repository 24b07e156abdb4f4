package lab

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
)

// FreeAddresses finds loopback addresses, no two the same, of which no one listens on any of the ports, for labs that run
// side by side: tests of several packages, for example. The source of randomness keeps them apart.
func FreeAddresses(n int, random io.Reader, ports ...int) ([]string, error) {
	var free []string
	for tries := 0; len(free) < n; tries++ {
		if tries > 100*n {
			return nil, fmt.Errorf("failed to find %d free loopback addresses", n)
		}
		var b [3]byte
		if _, err := io.ReadFull(random, b[:]); err != nil {
			return nil, err
		}
		// 127.64.0.0/10, and never a network's first or last address.
		address := net.IPv4(127, 64|b[0]&63, b[1], 1+b[2]%254).String()
		if !slices.Contains(free, address) && unused(address, ports) {
			free = append(free, address)
		}
	}
	return free, nil
}

func unused(address string, ports []int) bool {
	for _, p := range ports {
		listener, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(p)))
		if err != nil {
			return false
		}
		_ = listener.Close()
	}
	return true
}
