package main

import (
	"net/netip"
	"strconv"

	"hardway/cluster"
	"hardway/lab"
)

// maxHosts bounds a lab to what one machine can carry and the addresses after the base can hold.
const maxHosts = 50

// machines is the hosts of a lab and the endpoint of its API: up to two hosts one master and a worker; from three on three
// masters, then the balancer, then workers. The endpoint of three masters is the address before the base, where the
// balancer stands once there is one.
func machines(n int, base netip.Addr) (all []lab.Host, endpoint string, err error) {
	if n < 1 || n > maxHosts {
		return nil, "", usagef("--hosts: want 1 to %d, got %d", maxHosts, n)
	}
	if !base.Is4() || !base.IsLoopback() || !base.Prev().IsLoopback() || base.Prev() == netip.AddrFrom4([4]byte{127, 0, 0, 1}) {
		return nil, "", usagef("--base: want an IPv4 loopback address from 127.0.0.3 on, got %s", base)
	}
	masters := 3
	if n < masters {
		masters = 1
	}
	next := base
	add := func(name string, roles ...cluster.Role) {
		all = append(all, lab.Host{Name: name, Address: next.String(), Roles: roles})
		next = next.Next()
	}
	for i := range masters {
		add("kmaster"+strconv.Itoa(i+1), cluster.RoleEtcd, cluster.RoleControlPlane)
	}
	endpoint = base.String()
	if masters > 1 {
		endpoint = base.Prev().String()
	}
	if n > masters && masters > 1 {
		all = append(all, balancer(endpoint))
	}
	for i := 1; len(all) < n; i++ {
		add("kworker"+strconv.Itoa(i), cluster.RoleWorker)
	}
	if !next.Prev().IsLoopback() {
		return nil, "", usagef("--base: %d hosts from %s on leave the loopback addresses", n, base)
	}
	return all, endpoint, nil
}

// balancer has HAProxy from its distribution, not from hardway.
func balancer(address string) lab.Host {
	return lab.Host{Name: "haproxy", Address: address, Packages: []string{"haproxy"}, Roles: []cluster.Role{cluster.RoleLoadBalancer}}
}
