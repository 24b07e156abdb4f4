package cluster

import (
	"fmt"
	"net/netip"
	"testing"
)

func TestServiceAndDNSAddresses(t *testing.T) {
	spec := &Spec{Network: Network{ServiceCIDR: OneOrMore{"10.32.0.0/24", "fd00:32::/112"}}}
	if got := fmt.Sprint(spec.ServiceIPs()); got != "[10.32.0.1 fd00:32::1]" {
		t.Errorf("service addresses %s", got)
	}
	if got := fmt.Sprint(spec.DNSIPs()); got != "[10.32.0.10 fd00:32::a]" {
		t.Errorf("DNS addresses %s", got)
	}
}

func TestNodeMask(t *testing.T) {
	v4, v6 := "10.200.0.0/16", "fd00:200::/56"
	rows := []struct {
		pods  OneOrMore
		given int
		of    string
		want  int
	}{
		{OneOrMore{v4}, 0, v4, 24},
		{OneOrMore{v4}, 26, v4, 26},
		{OneOrMore{v6}, 0, v6, 64},
		{OneOrMore{v6}, 72, v6, 72},
		{OneOrMore{v4, v6}, 25, v4, 25},
		{OneOrMore{v4, v6}, 25, v6, 64},
		{OneOrMore{v6, v4}, 0, v4, 24},
		{OneOrMore{v6, v4}, 0, v6, 64},
	}
	for _, row := range rows {
		spec := &Spec{Network: Network{PodCIDR: row.pods, NodeMaskSize: row.given}}
		spec.Default()
		if got := spec.NodeMask(netip.MustParsePrefix(row.of)); got != row.want {
			t.Errorf("of %s in %v with %d: /%d, want /%d", row.of, row.pods, row.given, got, row.want)
		}
	}
}

func TestURLsPutBracketsAroundIPv6(t *testing.T) {
	rows := []struct{ address, endpoint, peer, client string }{
		{"192.168.96.46", "https://192.168.96.46:6443", "https://192.168.96.46:2380", "https://192.168.96.46:2379"},
		{"fd00:96::46", "https://[fd00:96::46]:6443", "https://[fd00:96::46]:2380", "https://[fd00:96::46]:2379"},
	}
	for _, row := range rows {
		spec, node := &Spec{Endpoint: Endpoint{row.address, 6443}}, Node{Address: OneOrMore{row.address, "10.9.9.9"}}
		if got := spec.EndpointURL(); got != row.endpoint {
			t.Errorf("endpoint %s, want %s", got, row.endpoint)
		}
		if node.PeerURL() != row.peer || node.ClientURL() != row.client {
			t.Errorf("peer %s, client %s, want %s, %s", node.PeerURL(), node.ClientURL(), row.peer, row.client)
		}
	}
}

func TestInitialClusterIsTheMembersInOrder(t *testing.T) {
	want := "kmaster1=https://192.168.96.46:2380,kmaster2=https://192.168.96.47:2380,kmaster3=https://192.168.96.48:2380"
	if got := parsed(t, systemv).InitialCluster(); got != want {
		t.Errorf("got %s", got)
	}
}
