package main

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"hardway/cluster"
)

const foreign = `apiVersion: hardway/v1alpha1
kind: Cluster
metadata: {name: foreign}
spec:
  kubernetes: {version: v1.36.3}
  etcd: {version: v3.6.16}
  endpoint: {host: api.example.com, port: 6443}
  network: {podCIDR: 10.200.0.0/16, serviceCIDR: 10.32.0.0/24, clusterDomain: cluster.local}
  binaries: {dir: bin}
  loadBalancer: {statsListen: "192.168.96.7:9000"}
  ssh: {user: ubuntu, port: 2200, jump: [bastion], sudo: true, timeout: 7s}
  hosts:
  - {name: w, address: 192.168.96.49, roles: [worker], ssh: {user: other}}
  - {name: b, address: 192.168.96.7, roles: [load-balancer]}
  - {name: m1, address: 192.168.96.46, aliases: [m1.example.com], roles: [etcd, control-plane]}
  - {name: m2, address: 192.168.96.47, roles: [etcd, control-plane]}
  - {name: m3, address: 192.168.96.48, roles: [etcd, control-plane]}
`

func TestRelocateMovesHostsIntoTheLab(t *testing.T) {
	spec, err := cluster.Parse([]byte(foreign), "cluster.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := relocate(spec, netip.MustParsePrefix("172.31.242.0/24"), "/lab/id", "/there"); err != nil {
		t.Fatal(err)
	}
	text, err := cluster.Document(spec)
	if err != nil {
		t.Fatal(err)
	}
	moved, err := cluster.Parse(text, "cluster.yaml")
	if err != nil {
		t.Fatalf("the spec for the lab is not valid: %v\n%s", err, text)
	}
	for name, want := range map[string]string{"w": "172.31.242.21", "b": "172.31.242.10", "m1": "172.31.242.11", "m3": "172.31.242.13"} {
		n, _ := moved.Node(name)
		ssh := moved.SSHFor(n)
		if n.PrimaryAddress() != want || ssh.User != "root" || ssh.Port != 22 || ssh.IdentityFile != "/lab/id" || *ssh.Sudo || len(ssh.Jump) > 0 {
			t.Errorf("%s is at %s, want %s, and is reached by %+v", name, n.PrimaryAddress(), want, ssh)
		}
	}
	if moved.Endpoint.Host != "172.31.242.10" || moved.LoadBalancer.StatsListen != "172.31.242.10:9000" || moved.Binaries.Dir != "/there/bin" {
		t.Errorf("endpoint %s, stats %s, binaries %s", moved.Endpoint.Host, moved.LoadBalancer.StatsListen, moved.Binaries.Dir)
	}
	if !slices.Contains(moved.PKI.ExtraSANs, "api.example.com") {
		t.Errorf("the endpoint's name is not in the certificates: %v", moved.PKI.ExtraSANs)
	}
	if moved.SSH.Timeout.Seconds() != 7 {
		t.Errorf("what is not about how hosts are reached has changed: %v", moved.SSH.Timeout)
	}
}

func TestRelocateEndsWithTheAddresses(t *testing.T) {
	spec := &cluster.Spec{}
	for range 200 {
		spec.Hosts = append(spec.Hosts, cluster.Node{Roles: []cluster.Role{cluster.RoleWorker}})
	}
	if err := relocate(spec, netip.MustParsePrefix("172.31.242.0/24"), "/lab/id", ""); err == nil {
		t.Error("200 workers have found an address")
	}
}

func TestLabNamesAreOfTheirDirectory(t *testing.T) {
	one, other := place{"/home/a/My Lab"}.labName(), place{"/home/b/My Lab"}.labName()
	if one == other || !strings.HasPrefix(one, "my-lab-") {
		t.Errorf("the labs are called %s and %s", one, other)
	}
}
