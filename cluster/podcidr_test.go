package cluster

import (
	"slices"
	"strings"
	"testing"
)

func TestPodCIDRsOfNodes(t *testing.T) {
	const hosts = "m1:etcd,control-plane w1:worker lb:load-balancer w2:worker"
	rows := map[string]struct {
		network   Network
		onMasters bool
		pins      map[string]OneOrMore
		want      string
	}{
		"in the order of the spec":    {Network{PodCIDR: OneOrMore{"10.200.0.0/16"}}, false, nil, "m1 - w1 10.200.0.0/24 lb - w2 10.200.1.0/24"},
		"masters count too":           {Network{PodCIDR: OneOrMore{"10.200.0.0/16"}}, true, nil, "m1 10.200.0.0/24 w1 10.200.1.0/24 lb - w2 10.200.2.0/24"},
		"a pin moves nobody else":     {Network{PodCIDR: OneOrMore{"10.200.0.0/16"}}, false, map[string]OneOrMore{"w1": {"10.200.9.0/24"}}, "m1 - w1 10.200.9.0/24 lb - w2 10.200.1.0/24"},
		"shares across octets":        {Network{PodCIDR: OneOrMore{"10.255.254.0/23"}, NodeMaskSize: 25}, true, nil, "m1 10.255.254.0/25 w1 10.255.254.128/25 lb - w2 10.255.255.0/25"},
		"two families":                {Network{PodCIDR: OneOrMore{"10.200.0.0/16", "fd00:200::/56"}}, false, nil, "m1 - w1 10.200.0.0/24,fd00:200::/64 lb - w2 10.200.1.0/24,fd00:200:0:1::/64"},
		"one family pinned":           {Network{PodCIDR: OneOrMore{"10.200.0.0/16", "fd00:200::/56"}}, false, map[string]OneOrMore{"w2": {"fd00:200:0:ff::/64"}}, "m1 - w1 10.200.0.0/24,fd00:200::/64 lb - w2 10.200.1.0/24,fd00:200:0:ff::/64"},
		"IPv6 alone":                  {Network{PodCIDR: OneOrMore{"fd00:200::/52"}}, false, nil, "m1 - w1 fd00:200::/64 lb - w2 fd00:200:0:1::/64"},
		"no room for the second node": {Network{PodCIDR: OneOrMore{"10.200.0.0/24"}}, false, nil, "m1 - w1 10.200.0.0/24 lb - w2 -"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			spec := &Spec{Network: row.network, Worker: Worker{OnMasters: row.onMasters}}
			for host := range strings.SplitSeq(hosts, " ") {
				n, roles, _ := strings.Cut(host, ":")
				node := Node{Name: n, PodCIDR: row.pins[n]}
				for role := range strings.SplitSeq(roles, ",") {
					node.Roles = append(node.Roles, Role(role))
				}
				spec.Hosts = append(spec.Hosts, node)
			}
			spec.Default()
			var got []string
			for _, n := range spec.Hosts {
				cidrs := spec.PodCIDRs(n)
				if cidrs == nil {
					cidrs = []string{"-"}
				}
				got = append(got, n.Name, strings.Join(cidrs, ","))
			}
			if want := strings.Split(row.want, " "); !slices.Equal(got, want) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
		})
	}
}

func TestPinnedPodCIDRs(t *testing.T) {
	worker := "roles: [worker]"
	pin := func(cidr string, more ...string) []string {
		return append([]string{worker, "roles: [worker], podCIDR: " + cidr}, more...)
	}
	masters := []string{"onMasters: false", "onMasters: true"}
	holdsTo(t, []rule{
		{"a block of the range", pin("10.200.7.0/24"), nil},
		{"the block it would have had", pin("10.200.0.0/24"), nil},
		{"text", pin("seven"), []string{`spec.hosts[4].podCIDR: "seven" is no CIDR`}},
		{"bits behind the prefix", pin("10.200.7.1/24"), []string{"spec.hosts[4].podCIDR: is no CIDR, or has bits set"}},
		{"another size", pin("10.200.7.0/25"), []string{"spec.hosts[4].podCIDR: 10.200.7.0/25 is no /24"}},
		{"outside", pin("10.201.7.0/24"), []string{"spec.hosts[4].podCIDR: 10.201.7.0/24 lies outside of 10.200.0.0/16"}},
		{"another family", pin("'fd00:200:0:1::/64'"), []string{"spec.hosts[4].podCIDR: is IPv6, and spec.network.podCIDR has none"}},
		{"two of one family", pin("[10.200.7.0/24, 10.200.8.0/24]"), []string{"spec.hosts[4].podCIDR: several ranges of one family"}},
		{"a host without pods", []string{"roles: [load-balancer]", "roles: [load-balancer], podCIDR: 10.200.7.0/24"}, []string{"spec.hosts[3].podCIDR: haproxy runs no kubelet"}},
		{"what a master would get by its place", pin("10.200.1.0/24", masters...), []string{"spec.hosts[1].podCIDR: kmaster2 would get 10.200.1.0/24, which is kworker1's"}},
		{"a pinned master's place stays free", append(pin("10.200.1.0/24", masters...), "name: kmaster2, ", "name: kmaster2, podCIDR: 10.200.40.0/24, "), nil},
		{"two pins of one block", append(pin("10.200.40.0/24", masters...), "name: kmaster2, ", "name: kmaster2, podCIDR: 10.200.40.0/24, "),
			[]string{"spec.hosts[4].podCIDR: kworker1 would get 10.200.40.0/24, which is kmaster2's"}},
	})
}

func TestFreeBlockIsOffered(t *testing.T) {
	problems := broken(t, []string{"roles: [worker]", "roles: [worker], podCIDR: 10.200.1.0/24", "onMasters: false", "onMasters: true"})
	if len(problems) != 1 || !strings.Contains(problems[0].Hint, "podCIDR: 10.200.3.0/24") {
		t.Errorf("got %v", problems)
	}
}
