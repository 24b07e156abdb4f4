package main

import (
	"fmt"
	"net/netip"
	"path/filepath"

	"hardway/cluster"
)

// The last byte of addresses in a lab's network: of the first balancer, of which the others stand below, of the first
// master and the first other host, of which the others stand above, and of the address that balancers share.
const (
	balancerByte = 10
	masterByte   = 11
	otherByte    = 21
	sharedByte   = 200
)

// relocation moves a spec's hosts into a network.
type relocation struct {
	subnet netip.Prefix
	// moved is where each address has gone.
	moved map[string]string
	taken map[byte]bool
}

// relocate makes a spec one for a lab: its hosts have addresses of the lab's network and are reached as its machines are.
// What dials hosts by name finds them: the names stay theirs. dir is where the spec stood.
func relocate(s *cluster.Spec, subnet netip.Prefix, identity, dir string) error {
	r := relocation{subnet: subnet, moved: map[string]string{}, taken: map[byte]bool{}}
	for i := range s.Hosts {
		if err := r.move(&s.Hosts[i]); err != nil {
			return err
		}
		s.Hosts[i].SSH = cluster.SSH{}
	}
	if vip := s.LoadBalancer.VirtualIP; vip != "" {
		r.moved[vip] = r.address(sharedByte)
		s.LoadBalancer.VirtualIP = r.moved[vip]
	}
	r.endpoint(s)
	if listen, err := netip.ParseAddrPort(s.LoadBalancer.StatsListen); err == nil && r.moved[listen.Addr().String()] != "" {
		s.LoadBalancer.StatsListen = fmt.Sprintf("%s:%d", r.moved[listen.Addr().String()], listen.Port())
	}
	if !filepath.IsAbs(s.Binaries.Dir) && dir != "" {
		s.Binaries.Dir = filepath.Join(dir, s.Binaries.Dir)
	}
	s.SSH = s.SSH.Or(cluster.DefaultSSH())
	direct := false
	s.SSH.User, s.SSH.Port, s.SSH.IdentityFile, s.SSH.Sudo, s.SSH.Jump = "root", 22, identity, &direct, cluster.OneOrMore{}
	return nil
}

func (r relocation) address(last byte) string {
	bytes := r.subnet.Addr().As4()
	bytes[3] = last
	return netip.AddrFrom4(bytes).String()
}

// move gives a host the next address for what it does.
func (r relocation) move(n *cluster.Node) error {
	last, step := byte(otherByte), 1
	switch {
	case n.Has(cluster.RoleControlPlane) || n.Has(cluster.RoleEtcd):
		last = masterByte
	case n.Has(cluster.RoleLoadBalancer):
		last, step = balancerByte, -1
	}
	for r.taken[last] {
		last = byte(int(last) + step)
	}
	if last < 2 || last >= sharedByte {
		return fmt.Errorf("%s: no address is left in %s", n.Name, r.subnet)
	}
	r.taken[last] = true
	for _, old := range n.Address {
		r.moved[old] = r.address(last)
	}
	n.Address = cluster.OneOrMore{r.address(last)}
	return nil
}

// endpoint is dialled at its new address; a name of it becomes one that certificates are valid for, besides.
func (r relocation) endpoint(s *cluster.Spec) {
	old := s.Endpoint.Host
	if r.moved[old] != "" {
		s.Endpoint.Host = r.moved[old]
		return
	}
	if _, err := netip.ParseAddr(old); err != nil {
		s.PKI.ExtraSANs = append(s.PKI.ExtraSANs, old)
	}
	s.Endpoint.Host = frontOf(s)
}

// frontOf is the address in front of a cluster's masters: the balancers' shared one, or the first balancer's, or the first
// master's.
func frontOf(s *cluster.Spec) string {
	if s.LoadBalancer.VirtualIP != "" {
		return s.LoadBalancer.VirtualIP
	}
	for _, role := range []cluster.Role{cluster.RoleLoadBalancer, cluster.RoleControlPlane} {
		if nodes := s.With(role); len(nodes) > 0 {
			return nodes[0].PrimaryAddress()
		}
	}
	return s.Endpoint.Host
}
