package etcd

import (
	"context"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
	"time"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/pki"
)

const year = 8760 * time.Hour

// three is a spec of three masters that are never started.
func three() *cluster.Spec {
	spec := &cluster.Spec{
		Name: "systemv", Etcd: cluster.Etcd{Version: "v3.6.16"},
		Endpoint: cluster.Endpoint{Host: "haproxy.systemv.local", Port: 6443},
		Network:  cluster.Network{ServiceCIDR: cluster.OneOrMore{"10.32.0.0/24"}, ClusterDomain: "cluster.local"},
		PKI: cluster.PKI{
			Key:      cluster.Key{Algorithm: "ecdsa", Size: 256},
			Validity: cluster.Validity{CA: cluster.Duration{Duration: 10 * year}, Leaf: cluster.Duration{Duration: year}},
		},
		Binaries: cluster.Binaries{Dir: "bin"},
	}
	for i := range 3 {
		spec.Hosts = append(spec.Hosts, cluster.Node{
			Name: fmt.Sprintf("kmaster%d", i+1), Address: cluster.OneOrMore{fmt.Sprintf("127.0.0.%d", 61+i)},
			Roles: []cluster.Role{cluster.RoleEtcd, cluster.RoleControlPlane},
		})
	}
	return spec
}

// alone is a spec of three masters on loopback addresses where nothing listens, so that tests and whole runs of them stand
// side by side: etcd's ports are fixed.
func alone(t testing.TB) *cluster.Spec {
	t.Helper()
	spec := three()
	for i := range spec.Hosts {
		spec.Hosts[i].Address[0] = free(t)
	}
	return spec
}

// free is a loopback address that has all of a member's ports free.
func free(t testing.TB) string {
	t.Helper()
	for range 100 {
		address := fmt.Sprintf("127.%d.%d.%d", 1+rand.N(254), rand.N(256), 1+rand.N(254))
		if bindable(address) {
			return address
		}
	}
	t.Fatal("no loopback address has the ports of etcd free")
	return ""
}

func bindable(address string) bool {
	for _, port := range []int{cluster.EtcdPeerPort, cluster.EtcdClientPort, metricsPort} {
		listener, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(port)))
		if err != nil {
			return false
		}
		_ = listener.Close()
	}
	return true
}

// issued is a store with etcd's authority and leaves in it.
func issued(t testing.TB, spec *cluster.Spec) *pki.Store {
	t.Helper()
	store := pki.Open(artifact.OpenWorkDir(t.TempDir()), spec)
	decisions, err := store.Plan(time.Now(), "etcd")
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Apply(context.Background(), decisions); err != nil {
		t.Fatal(err)
	}
	return store
}

func adminTLS(t testing.TB, store *pki.Store) *tls.Config {
	t.Helper()
	config, err := store.ClientTLS("etcd-admin")
	if err != nil {
		t.Fatal(err)
	}
	return config
}

// directly dials from this machine.
func directly(ctx context.Context, network, address string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

// rendered is the files of one member.
func rendered(t testing.TB, spec *cluster.Spec, node cluster.Node, store *pki.Store) []artifact.File {
	t.Helper()
	files, err := Files(spec, node, store)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// find is the file at a path.
func find(t testing.TB, files []artifact.File, path string) artifact.File {
	t.Helper()
	for _, f := range files {
		if f.Path == path {
			return f
		}
	}
	t.Fatalf("no file %s was rendered", path)
	return artifact.File{}
}

// command is ExecStart and the environment of a rendered unit.
func command(t testing.TB, unit artifact.File) (words, environment []string) {
	t.Helper()
	options, err := artifact.Unit(unit)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range options {
		switch o.Name {
		case "ExecStart":
			words = splitCommand(o.Value)
		case "Environment":
			environment = append(environment, o.Value)
		}
	}
	return words, environment
}
