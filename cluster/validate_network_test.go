package cluster

import "testing"

const (
	pods     = "podCIDR: 10.200.0.0/16"
	services = "serviceCIDR: 10.32.0.0/24"
)

func TestCIDRs(t *testing.T) {
	holdsTo(t, []rule{
		{"no pod network", []string{pods, ""}, []string{"spec.network.podCIDR: is missing"}},
		{"no service network", []string{services, ""}, []string{"spec.network.serviceCIDR: is missing"}},
		{"an address for a range", []string{services, "serviceCIDR: 10.32.0.0"}, []string{`spec.network.serviceCIDR: "10.32.0.0" is no CIDR`}},
		{"bits behind the prefix", []string{services, "serviceCIDR: 10.32.0.1/24"}, []string{"spec.network.serviceCIDR: 10.32.0.1/24 has bits set"}},
		{"zeros in front", []string{services, "serviceCIDR: 010.32.0.0/24"}, []string{"spec.network.serviceCIDR: is no CIDR"}},
		{"IPv4 mapped into IPv6", []string{services, "serviceCIDR: '::ffff:10.32.0.0/120'"}, []string{"spec.network.serviceCIDR: is no CIDR"}},
		{"a link-local network", []string{services, "serviceCIDR: 169.254.1.0/24"}, []string{"spec.network.serviceCIDR: no range that"}},
		{"a multicast network", []string{services, "serviceCIDR: 224.0.1.0/24"}, []string{"spec.network.serviceCIDR: no range that"}},
		{"the whole internet", []string{services, "serviceCIDR: 0.0.0.0/32"}, []string{"spec.network.serviceCIDR: no range that", "spec.network.serviceCIDR: holds 1 addresses"}},
		{"the loopback network", []string{services, "serviceCIDR: 127.64.0.0/24"}, []string{"spec.network.serviceCIDR: no range that pods and Services can have"}},
		{"Services inside the pod network", []string{services, "serviceCIDR: 10.200.4.0/24"}, []string{"spec.network.serviceCIDR: overlaps spec.network.podCIDR 10.200.0.0/16"}},
		{"pods inside the service network", []string{services, "serviceCIDR: 10.192.0.0/11"}, []string{"spec.network.serviceCIDR: overlaps"}},
		{"hosts inside the service network", []string{services, "serviceCIDR: 192.168.96.32/28"}, []string{
			"spec.hosts[0].address: 192.168.96.46 lies in spec.network.serviceCIDR", "spec.hosts[1].address: lies in"}},
		{"hosts inside the pod network", []string{"192.168.96.49", "10.200.7.7"}, []string{"spec.hosts[4].address: 10.200.7.7 lies in spec.network.podCIDR 10.200.0.0/16"}},
		{"a service network without a tenth address", []string{services, "serviceCIDR: 10.32.0.0/29"}, []string{"spec.network.serviceCIDR: holds 8 addresses, too few"}},
		{"the smallest service network", []string{services, "serviceCIDR: 10.32.0.0/28"}, nil},
		{"a pod network smaller than a node's share", []string{pods, "podCIDR: 10.200.0.0/25"}, []string{"spec.network.podCIDR: does not hold one node's /24"}},
		{"a pod network for too few nodes", []string{pods, "podCIDR: 10.200.0.0/23", "onMasters: false", "onMasters: true"},
			[]string{"spec.network.podCIDR: holds 2 nodes' /24, but 4 hosts run a kubelet"}},
		{"a pod network for just enough nodes", []string{pods, "podCIDR: 10.200.0.0/22", "onMasters: false", "onMasters: true"}, nil},
		{"smaller shares for more nodes", []string{pods, "podCIDR: 10.200.0.0/24\n    nodeMaskSize: 26", "onMasters: false", "onMasters: true"}, nil},
		{"the smallest share", []string{pods, pods + "\n    nodeMaskSize: 28"}, nil},
		{"a share smaller still", []string{pods, pods + "\n    nodeMaskSize: 29"}, []string{"spec.network.nodeMaskSize: 29 leaves"}},
		{"a share of no pods", []string{pods, pods + "\n    nodeMaskSize: 31"}, []string{"spec.network.nodeMaskSize: 31 leaves a node no room"}},
		{"a share longer than an address", []string{pods, pods + "\n    nodeMaskSize: 99"}, []string{"spec.network.nodeMaskSize: 99 leaves"}},
		{"a negative share", []string{pods, pods + "\n    nodeMaskSize: -1"}, []string{"spec.network.nodeMaskSize: -1 leaves"}},
	})
}

func TestDualStack(t *testing.T) {
	dual := func(pod, service string) []string {
		return []string{pods, "podCIDR: " + pod, services, "serviceCIDR: " + service}
	}
	both := dual("[10.200.0.0/16, 'fd00:200::/56']", "[10.32.0.0/24, 'fd00:32::/112']")
	with := func(edits ...string) []string { return append(both[:len(both):len(both)], edits...) }
	holdsTo(t, []rule{
		{"one range of each family", both, nil},
		{"hosts of both families", with("address: 192.168.96.49", "address: [192.168.96.49, 'fd00:96::49']"), nil},
		{"a host of the second family alone", with("address: 192.168.96.49", "address: 'fd00:96::49'"), nil},
		{"a master that advertises the second family", with("address: 192.168.96.46", "address: ['fd00:96::46', 192.168.96.46]"),
			[]string{"spec.hosts[0].address[0]: fd00:96::46 is IPv6, but an API server advertises an address of the first service CIDR's family, IPv4"}},
		{"a host in the second pod range", with("address: 192.168.96.49", "address: [192.168.96.49, 'fd00:200::49']"),
			[]string{"spec.hosts[4].address[1]: fd00:200::49 lies in spec.network.podCIDR[1]"}},
		{"pods of two families, Services of one", dual("[10.200.0.0/16, 'fd00:200::/56']", "10.32.0.0/24"), []string{"spec.network.serviceCIDR: has 1, but podCIDR has 2"}},
		{"two ranges of one family", dual("[10.200.0.0/16, 10.201.0.0/16]", "10.32.0.0/24"), []string{"spec.network.podCIDR: several ranges of one family"}},
		{"three ranges", dual("[10.200.0.0/16, 'fd00:200::/56', 'fd00:300::/56']", "10.32.0.0/24"), []string{"spec.network.podCIDR: several ranges"}},
		{"ranges in another order", dual("[10.200.0.0/16, 'fd00:200::/56']", "['fd00:32::/112', 10.32.0.0/24]"), []string{
			"spec.network.serviceCIDR[0]: is IPv6, but the first pod CIDR is IPv4",
			"spec.hosts[0].address: is IPv4, but an API server advertises", "spec.hosts[1].address: an API server advertises", "spec.hosts[2].address: an API server advertises"}},
		{"an IPv6 overlap", dual("[10.200.0.0/16, 'fd00:200::/56']", "[10.32.0.0/24, 'FD00:0200:0:0::/112']"), []string{"spec.network.serviceCIDR[1]: fd00:200::/112 overlaps spec.network.podCIDR[1]"}},
		{"an IPv6 pod range without room", dual("[10.200.0.0/16, 'fd00:200::/65']", "[10.32.0.0/24, 'fd00:32::/112']"), []string{"spec.network.podCIDR[1]: does not hold one node's /64"}},
		{"the largest IPv6 pod range", dual("[10.200.0.0/16, 'fd00::/48']", "[10.32.0.0/24, 'fd01:32::/112']"), nil},
		{"an IPv6 pod range for one node", append(dual("[10.200.0.0/16, 'fd00::/64']", "[10.32.0.0/24, 'fd01:32::/112']"), "onMasters: false", "onMasters: true"),
			[]string{"spec.network.podCIDR[1]: holds 1 nodes' /64, but 4"}},
		{"an IPv6 pod range that the controller refuses", dual("[10.200.0.0/16, 'fd00::/40']", "[10.32.0.0/24, 'fd01:32::/112']"), []string{"spec.network.podCIDR[1]: more than 16 bits larger"}},
		{"IPv6 hosts where the ranges are IPv4", []string{"192.168.96.49", "'fd00::49'"}, []string{"spec.hosts[4].address: fd00::49 is IPv6, but podCIDR and serviceCIDR have none"}},
		{"IPv4 hosts where the ranges are IPv6", append(single[:len(single):len(single)], dual("'fd00:200::/56'", "'fd00:32::/112'")...), []string{
			"spec.hosts[0].address: is IPv4", "spec.hosts[1].address: is IPv4"}},
	})
}

func TestIPv6Alone(t *testing.T) {
	text := edited(t, append(single[:len(single):len(single)], pods, "podCIDR: 'fd00:200::/56'", services, "serviceCIDR: 'fd00:32::/112'",
		"192.168.96.46", "'fd00:96::46'", "192.168.96.49", "'fd00:96::49'"))
	spec, err := Parse([]byte(text), "cluster.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if spec.Network.NodeMaskSize != 64 {
		t.Errorf("each node gets a /%d", spec.Network.NodeMaskSize)
	}
}
