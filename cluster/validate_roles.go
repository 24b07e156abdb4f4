package cluster

import "fmt"

// Roles is every role a host can have.
func Roles() []Role { return []Role{RoleEtcd, RoleControlPlane, RoleLoadBalancer, RoleWorker} }

func checkRoles(r *review) {
	var known []string
	for _, role := range Roles() {
		known = append(known, string(role))
	}
	for i, n := range r.spec.Hosts {
		path := hostPath(i, "roles")
		if len(n.Roles) == 0 {
			r.report(path, "give it one or more of "+listed(known), "is missing")
		}
		for j, role := range n.Roles {
			r.oneOf(index(path, j), string(role), known)
		}
		for _, j := range repeated(n.Roles) {
			r.report(index(path, j), "remove one of the two", "%q stands there twice", short(string(n.Roles[j])))
		}
	}
}

// checkMembers: a cluster needs etcd, and an even number of members tolerates no more losses than one fewer.
func checkMembers(r *review) {
	const path = "spec.hosts"
	members := len(r.spec.With(RoleEtcd))
	switch {
	case members == 0:
		r.report(path, "give the masters roles: [etcd, control-plane]", "has no host with the role etcd")
	case members%2 == 0 && !r.waives(WaiveEvenMembers):
		hint := fmt.Sprintf("make it %d or %d members, or waive this check: --waive %s", members-1, members+1, WaiveEvenMembers)
		r.report(path, hint, "has %d hosts with the role etcd, want an odd number: quorum survives no more losses than with %d", members, members-1)
	}
}

// checkMasters: each API server dials the etcd member beside it.
func checkMasters(r *review) {
	masters := 0
	for i, n := range r.spec.Hosts {
		if !n.Has(RoleControlPlane) {
			continue
		}
		masters++
		if !n.Has(RoleEtcd) {
			r.report(hostPath(i, "roles"), "write roles: [etcd, control-plane]", "%s is a control plane without etcd beside it, whose own member each API server dials", n.Name)
		}
	}
	if masters == 0 {
		r.report("spec.hosts", "give one host, or better three, roles: [etcd, control-plane]", "has no host with the role control-plane")
	}
}

// checkSharedPort: on a host that is both, HAProxy listens where the endpoint is, beside the API server.
func checkSharedPort(r *review) {
	for _, n := range r.spec.With(RoleControlPlane) {
		if n.Has(RoleLoadBalancer) && r.spec.Endpoint.Port == APIServerPort {
			r.report("spec.endpoint.port", "write another port, as in 8443, or give the load balancer a host of its own",
				"is %d, but on %s both its API server and its load balancer would listen there", APIServerPort, n.Name)
			return
		}
	}
}
