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

// labSpec is a cluster.yaml for the hosts of a lab: the first three are masters, the others balancers. It is for port, with
// parallel hosts at a time.
func labSpec(hosts []lab.Host, endpoint, identity string, port, parallel int) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `apiVersion: hardway/v1alpha1
kind: Cluster
metadata: {name: bench}
spec:
  kubernetes: {version: v1.36.3}
  etcd: {version: v3.6.16}
  endpoint: {host: %s, port: 6443}
  network: {podCIDR: 10.200.0.0/16, serviceCIDR: 10.32.0.0/24, clusterDomain: cluster.local}
  ssh: {user: root, port: %d, identityFile: %s, parallel: %d}
  hosts:
`, endpoint, port, identity, parallel)
	for i, h := range hosts {
		roles := "[etcd, control-plane]"
		if i >= 3 {
			roles = "[load-balancer]"
		}
		fmt.Fprintf(&b, "  - {name: %s, address: %s, roles: %s}\n", h.Name, h.Address, roles)
	}
	return b.Bytes()
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
