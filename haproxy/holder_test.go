package haproxy

import (
	"net/netip"
	"os"
	"testing"
)

const fibTrie = `Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 172.31.240.0/24 2 0 1
        |-- 172.31.240.0
           /24 link UNICAST
        |-- 172.31.240.10
           /32 host LOCAL
        |-- 172.31.240.20
           /32 link UNICAST
        |-- 172.31.240.200
           /32 host LOCAL
`

const ifInet6 = `fd000096000000000000000000000005 02 80 00 80     eth0
00000000000000000000000000000001 01 80 10 80       lo
`

func TestHolderIsReadFromTheKernelsTables(t *testing.T) {
	for _, c := range []struct {
		table, address string
		want           bool
	}{
		{fibTrie, "172.31.240.200", true}, {fibTrie, "172.31.240.10", true}, {fibTrie, "172.31.240.20", false},
		{fibTrie, "172.31.240.2", false}, {fibTrie, "172.31.240.0", false},
		{ifInet6, "fd00:96::5", true}, {ifInet6, "fd00:96::6", false}, {"", "fd00:96::5", false}, {"", "172.31.240.200", false},
	} {
		if got := Holds([]byte(c.table), netip.MustParseAddr(c.address)); got != c.want {
			t.Errorf("%s: %v, want %v", c.address, got, c.want)
		}
	}
	loopback := netip.MustParseAddr("127.0.0.1")
	table, err := os.ReadFile(AddressTable(loopback))
	if err != nil || !Holds(table, loopback) {
		t.Errorf("this machine's own table does not show 127.0.0.1: %v", err)
	}
}
