package cluster

import (
	"testing"
)

// systemv is the example of five hosts in the public contract.
const systemv = `apiVersion: hardway/v1alpha1
kind: Cluster
metadata:
  name: systemv
spec:
  kubernetes: {version: v1.36.3}
  etcd: {version: v3.6.16}
  endpoint: {host: haproxy.systemv.local, port: 6443}   # what kubelets and people dial
  network:
    podCIDR: 10.200.0.0/16            # dual stack: a list; nodeMaskSize: 24
    serviceCIDR: 10.32.0.0/24         # DNS is its 10th address
    clusterDomain: cluster.local
  # from here on everything is optional
  pki:
    key: {algorithm: ecdsa, size: 256}
    validity: {ca: 87600h, leaf: 8760h}
    extraSANs: [api.example.com]
    adminGroup: hardway:cluster-admins
    signOnMasters: true               # the controller-manager signs CSRs, so masters hold ca.key
  encryption: {provider: secretbox, resources: [secrets]}     # secretbox, aescbc, kms; aesgcm with a waiver
  binaries: {dir: bin, mirror: https://dl.k8s.io}
  loadBalancer: {statsListen: "127.0.0.1:9000", statsUser: admin, virtualIP: ""}
  worker: {cni: bridge, kubeProxyMode: nftables, cgroupDriver: systemd, bootstrap: certificates, onMasters: false}   # bootstrap: token
  addons: {coredns: true, metricsServer: true, strictARP: false}
  rollout: {gateTimeout: 2m}
  waive: []                           # names of single checks
  ssh: {user: root, port: 22, identityFile: ~/.ssh/id_ed25519, jump: [], sudo: false, parallel: 20, timeout: 30s}
  hosts:
  - {name: kmaster1, address: 192.168.96.46, aliases: [kmaster1.systemv.local], roles: [etcd, control-plane]}
  - {name: kmaster2, address: 192.168.96.47, roles: [etcd, control-plane]}
  - {name: kmaster3, address: 192.168.96.48, roles: [etcd, control-plane]}
  - {name: haproxy,  address: 192.168.96.7,  roles: [load-balancer]}
  - {name: kworker1, address: 192.168.96.49, roles: [worker], ssh: {user: ubuntu, sudo: true}}
`

func TestParseTakesTheContractsExample(t *testing.T) {
	spec, err := Parse([]byte(systemv), "cluster.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if len(spec.Hosts) != 5 || spec.Name != "systemv" || !*spec.Hosts[4].SSH.Sudo {
		t.Errorf("got %+v", spec)
	}
}
