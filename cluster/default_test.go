package cluster

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// least is a spec that says only what has no default.
const least = `apiVersion: hardway/v1alpha1
kind: Cluster
metadata: {name: least}
spec:
  kubernetes: {version: v1.36.3}
  etcd: {version: v3.6.16}
  network: {podCIDR: 10.200.0.0/16, serviceCIDR: 10.32.0.0/24}
  hosts:
  - {name: one, address: 192.168.96.46, roles: [etcd, control-plane]}
`

func TestDefaults(t *testing.T) {
	yes, no := true, false
	want := &Spec{
		Name:       "least",
		Kubernetes: Kubernetes{Version: "v1.36.3"},
		Etcd:       Etcd{Version: "v3.6.16"},
		Endpoint:   Endpoint{Host: "192.168.96.46", Port: 6443},
		Network:    Network{PodCIDR: OneOrMore{"10.200.0.0/16"}, NodeMaskSize: 24, ServiceCIDR: OneOrMore{"10.32.0.0/24"}, ClusterDomain: "cluster.local"},
		PKI: PKI{Key: Key{"ecdsa", 256}, Validity: Validity{CA: Duration{87600 * time.Hour}, Leaf: Duration{8760 * time.Hour}},
			AdminGroup: "hardway:cluster-admins", SignOnMasters: &yes},
		Encryption:   Encryption{Provider: "secretbox", Resources: []string{"secrets"}},
		Binaries:     Binaries{Dir: "bin", Mirror: "https://dl.k8s.io", GitHubMirror: "https://github.com", Arch: "amd64", CNIVersion: "v1.9.1"},
		LoadBalancer: LoadBalancer{StatsListen: "127.0.0.1:9000", StatsUser: "admin"},
		Worker:       Worker{CNI: "bridge", KubeProxyMode: "nftables", CgroupDriver: "systemd", Bootstrap: "certificates", CNIBinDir: "/opt/cni/bin"},
		Addons:       Addons{CoreDNS: &yes, MetricsServer: &yes},
		Rollout:      Rollout{GateTimeout: Duration{2 * time.Minute}},
		SSH:          SSH{Sudo: &no, Parallel: 20, CommandTimeout: Duration{10 * time.Minute}},
		Hosts:        []Node{{Name: "one", Address: OneOrMore{"192.168.96.46"}, Roles: []Role{RoleEtcd, RoleControlPlane}}},
	}
	if diff := cmp.Diff(want, parsed(t, least)); diff != "" {
		t.Error(diff)
	}
}

func TestDefaultKeepsWhatIsGiven(t *testing.T) {
	no := false
	spec := &Spec{
		PKI:        PKI{Key: Key{Algorithm: "rsa"}, SignOnMasters: &no},
		Encryption: Encryption{Resources: []string{}},
		Addons:     Addons{CoreDNS: &no},
		SSH:        SSH{Port: 2222},
	}
	spec.Default()
	if spec.PKI.Key.Size != 2048 {
		t.Errorf("an RSA key of %d bits", spec.PKI.Key.Size)
	}
	if *spec.PKI.SignOnMasters || *spec.Addons.CoreDNS || !*spec.Addons.MetricsServer || len(spec.Encryption.Resources) != 0 || spec.SSH.Port != 2222 {
		t.Errorf("got %+v", spec)
	}
}

func TestDefaultSpellsAddressesOneWay(t *testing.T) {
	spec := &Spec{
		Endpoint:     Endpoint{Host: "FD00::0:5"},
		LoadBalancer: LoadBalancer{VirtualIP: "::ffff:10.0.0.5"},
		Network:      Network{PodCIDR: OneOrMore{"FD00:200:0::/56"}, ServiceCIDR: OneOrMore{"10.32.0.1/24"}},
		Hosts:        []Node{{Address: OneOrMore{"FD00:0096::0007", "kmaster1"}}},
	}
	spec.Default()
	got := []string{spec.Endpoint.Host, spec.LoadBalancer.VirtualIP, spec.Network.PodCIDR[0], spec.Network.ServiceCIDR[0], spec.Hosts[0].Address[0], spec.Hosts[0].Address[1]}
	want := []string{"fd00::5", "10.0.0.5", "fd00:200::/56", "10.32.0.1/24", "fd00:96::7", "kmaster1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDefaultTwiceIsDefaultOnce(t *testing.T) {
	once, twice := parsed(t, systemv), parsed(t, systemv)
	twice.Default()
	if diff := cmp.Diff(once, twice); diff != "" {
		t.Error(diff)
	}
}

func TestNoEndpointIsChosenAmongSeveralMasters(t *testing.T) {
	spec := parsed(t, systemv)
	spec.Endpoint.Host = ""
	spec.Default()
	if spec.Endpoint.Host != "" {
		t.Errorf("chose %s", spec.Endpoint.Host)
	}
}
