package cluster

import (
	_ "embed"
	"slices"
)

// InitFile is a file that a new work directory begins with.
type InitFile struct {
	// Path is relative to the work directory.
	Path string
	Data []byte
}

//go:embed template/gitignore
var gitignore []byte

// Example is the spec that hardway init writes: three masters, a load balancer and a worker, every default filled in.
func Example() *Spec {
	host := func(name, address string, roles ...Role) Node {
		return Node{Name: name, Address: OneOrMore{address}, Aliases: []string{name + ".systemv.local"}, Roles: roles}
	}
	s := &Spec{
		Name:       "systemv",
		Kubernetes: Kubernetes{Version: "v1.36.3"},
		Etcd:       Etcd{Version: "v3.6.16"},
		Endpoint:   Endpoint{Host: "haproxy.systemv.local"},
		Network:    Network{PodCIDR: OneOrMore{"10.200.0.0/16"}, ServiceCIDR: OneOrMore{"10.32.0.0/24"}},
		Hosts: []Node{
			host("kmaster1", "192.168.96.46", RoleEtcd, RoleControlPlane),
			host("kmaster2", "192.168.96.47", RoleEtcd, RoleControlPlane),
			host("kmaster3", "192.168.96.48", RoleEtcd, RoleControlPlane),
			host("haproxy", "192.168.96.7", RoleLoadBalancer),
			host("kworker1", "192.168.96.49", RoleWorker),
		},
	}
	s.Default()
	return s
}

// Template is a commented cluster.yaml that is valid as it stands and says every default.
func Template() []byte {
	data, err := Document(Example())
	if err != nil {
		panic(err) // the template is part of the program, and a test renders it
	}
	return data
}

// InitFiles is what a new work directory begins with, in this order. The caller writes them, and never over a file that
// stands there.
func InitFiles(document []byte) []InitFile {
	return []InitFile{{"cluster.yaml", document}, {".gitignore", slices.Clone(gitignore)}}
}
