package cluster

import "time"

// Default fills in what the spec leaves open. It never changes what is given, except that IP addresses are put into
// their one canonical spelling, so that they can be compared as text from here on.
func (s *Spec) Default() {
	s.defaultNetwork()
	s.defaultPKI()
	s.defaultServices()
	s.defaultSSH()
	for i := range s.Hosts {
		canonicalAll(s.Hosts[i].Address)
		canonicalAll(s.Hosts[i].PodCIDR)
	}
	canonicalAll(s.Network.PodCIDR)
	canonicalAll(s.Network.ServiceCIDR)
	s.Endpoint.Host = canonical(s.Endpoint.Host)
	s.LoadBalancer.VirtualIP = canonical(s.LoadBalancer.VirtualIP)
}

func (s *Spec) defaultNetwork() {
	if masters := s.With(RoleControlPlane); s.Endpoint.Host == "" && len(masters) == 1 {
		s.Endpoint.Host = masters[0].PrimaryAddress()
	}
	fill(&s.Endpoint.Port, 6443)
	fill(&s.Network.ClusterDomain, "cluster.local")
	fill(&s.Network.NodeMaskSize, s.defaultNodeMask())
}

// defaultNodeMask is what kube-controller-manager takes: 24 for IPv4, 64 where IPv6 is the only family.
func (s *Spec) defaultNodeMask() int {
	pods := prefixes(s.Network.PodCIDR)
	if len(pods) == 1 && pods[0].Addr().Is6() {
		return 64
	}
	return 24
}

func (s *Spec) defaultPKI() {
	fill(&s.PKI.Key.Algorithm, "ecdsa")
	fill(&s.PKI.Key.Size, map[string]int{"ecdsa": 256, "rsa": 2048}[s.PKI.Key.Algorithm])
	fill(&s.PKI.Validity.CA.Duration, 87600*time.Hour)
	fill(&s.PKI.Validity.Leaf.Duration, 8760*time.Hour)
	fill(&s.PKI.AdminGroup, "hardway:cluster-admins")
	fillPointer(&s.PKI.SignOnMasters, true)
	fill(&s.Encryption.Provider, "secretbox")
	if s.Encryption.Resources == nil {
		s.Encryption.Resources = []string{"secrets"}
	}
}

func (s *Spec) defaultServices() {
	if s.Etcd.Snapshots.On() {
		fill(&s.Etcd.Snapshots.Keep, 20)
		fill(&s.Etcd.Snapshots.Dir, "/var/lib/etcd-snapshots")
	}
	fill(&s.Binaries.Dir, "bin")
	fill(&s.Binaries.Mirror, "https://dl.k8s.io")
	fill(&s.Binaries.GitHubMirror, "https://github.com")
	fill(&s.Binaries.Arch, "amd64")
	fill(&s.Binaries.CNIVersion, "v1.9.1")
	fill(&s.LoadBalancer.StatsListen, "127.0.0.1:9000")
	fill(&s.LoadBalancer.StatsUser, "admin")
	fill(&s.Worker.CNI, "bridge")
	fill(&s.Worker.KubeProxyMode, "nftables")
	fill(&s.Worker.CgroupDriver, "systemd")
	fill(&s.Worker.Bootstrap, "certificates")
	fill(&s.Worker.CNIBinDir, "/opt/cni/bin")
	fillPointer(&s.Addons.CoreDNS, true)
	fillPointer(&s.Addons.MetricsServer, true)
	fill(&s.Rollout.GateTimeout.Duration, 2*time.Minute)
}

// defaultSSH fills in only what no ssh_config speaks of. The rest stays open, for the operator's ssh_config to say first.
func (s *Spec) defaultSSH() {
	last := DefaultSSH()
	fill(&s.SSH.Parallel, last.Parallel)
	fill(&s.SSH.Sudo, last.Sudo)
	fill(&s.SSH.CommandTimeout, last.CommandTimeout)
}

// DefaultSSH is how a host is reached of which neither the spec nor the operator's ssh_config says anything. Without an
// identity file it is the agent, then the files ssh itself looks for.
func DefaultSSH() SSH {
	return SSH{
		User: "root", Port: 22, Sudo: new(bool), Parallel: 20,
		Timeout: Duration{30 * time.Second}, CommandTimeout: Duration{10 * time.Minute},
	}
}

// fill sets a field that is not given.
func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// fillPointer sets a field whose zero value is a choice of its own.
func fillPointer[T any](field **T, value T) {
	if *field == nil {
		*field = &value
	}
}
