package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/lab"
	"hardway/pki"
)

// specHead is a spec up to its hosts. The pod network has room for 16,384 nodes.
const specHead = `apiVersion: hardway/v1alpha1
kind: Cluster
metadata: {name: bench}
spec:
  kubernetes: {version: v1.36.3}
  etcd: {version: v3.6.16}
  endpoint: {host: api.bench.local, port: 6443}
  network: {podCIDR: 100.64.0.0/10, serviceCIDR: 10.32.0.0/24, clusterDomain: cluster.local}
  hosts:
`

// specOf is a cluster.yaml of three masters and that many workers.
func specOf(workers int) []byte {
	var b bytes.Buffer
	b.WriteString(specHead)
	for i := range 3 {
		fmt.Fprintf(&b, "  - {name: kmaster%d, address: 172.16.0.%d, roles: [etcd, control-plane]}\n", i+1, i+1)
	}
	for i := range workers {
		fmt.Fprintf(&b, "  - {name: kworker%d, address: 172.17.%d.%d, roles: [worker]}\n", i+1, i/250, i%250+1)
	}
	return b.Bytes()
}

// labHosts is hosts for a lab: the first three are masters, the others balancers.
func labHosts(addresses []string) []lab.Host {
	var hosts []lab.Host
	for i, address := range addresses {
		h := lab.Host{Name: fmt.Sprintf("haproxy%d", i-2), Address: address, Roles: []cluster.Role{cluster.RoleLoadBalancer}}
		if i < 3 {
			h.Name, h.Roles = fmt.Sprintf("kmaster%d", i+1), []cluster.Role{cluster.RoleEtcd, cluster.RoleControlPlane}
		}
		hosts = append(hosts, h)
	}
	return hosts
}

// labSpec is a cluster.yaml for them.
func labSpec(hosts []lab.Host, endpoint string, port int, identity string) lab.Spec {
	return lab.Spec{Name: "bench", Endpoint: endpoint, Hosts: hosts, Port: port, IdentityFile: identity}
}

// workDir is a work directory with nothing but a cluster.yaml in it.
func workDir(dir string, workers int) (*cluster.Spec, error) {
	file := filepath.Join(dir, "cluster.yaml")
	data := specOf(workers)
	if err := os.WriteFile(file, data, 0o644); err != nil {
		return nil, err
	}
	return cluster.Parse(data, file)
}

// store is the PKI of such a work directory.
func store(dir string, spec *cluster.Spec) *pki.Store {
	return pki.Open(artifact.OpenWorkDir(dir), spec)
}
