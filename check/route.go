package check

import (
	"net"
	"slices"
	"strconv"

	"hardway/cluster"
)

// endpointServer is the load balancers' server for clients of the API.
const endpointServer = "HAProxy, the endpoint"

// apiServerLeaf is what API servers show, also through a load balancer.
const apiServerLeaf = "apiserver"

// route is one client's way to a server.
type route struct {
	// from is the host that dials; empty is the operator's machine.
	from string
	// as is the certificate that it presents, by its ID; empty for none.
	as string
	// address is host:port as dialled, name what the served certificate has to be valid for.
	address, name string
}

// served is a server that shows a certificate.
type served struct {
	// node is where it runs; none for what stands behind an endpoint.
	node cluster.Node
	unit string
	// leaves is the certificates that it may show, by ID.
	leaves []string
	// path is what is asked over HTTPS.
	path   string
	routes []route
}

// servers is every server of that name, with the ways to it that the run is limited to.
func (v *Verification) servers(name string) []served {
	var out []served
	for _, o := range Openings(v.Spec) {
		if o.Server != name {
			continue
		}
		s := served{node: o.Node, unit: o.Unit, leaves: []string{o.Node.Name + "/" + o.leaf}, path: o.path, routes: o.routes()}
		if name == endpointServer {
			s.leaves = v.behind().leaves
		}
		s.routes = slices.DeleteFunc(s.routes, func(r route) bool { return !v.chosen(r.from) && !v.chosen(o.Node.Name) })
		if len(s.routes) > 0 {
			out = append(out, s)
		}
	}
	return out
}

func (v *Verification) chosen(host string) bool {
	return len(v.Only) == 0 || slices.Contains(v.Only, host)
}

// routes is the ways to a server: from its own host first, then from each that will dial it.
func (o Opening) routes() []route {
	out := []route{{o.Node.Name, o.leafOf(o.Node.Name, o.as), o.Target(), o.Node.PrimaryAddress()}}
	if len(o.From) == 0 && o.Address.IsLoopback() {
		out[0].address, out[0].name = net.JoinHostPort(o.Address.String(), strconv.Itoa(o.Port)), "localhost"
	}
	for _, a := range o.From {
		for _, n := range a.Nodes {
			if !a.untested && !slices.ContainsFunc(out, func(r route) bool { return r.from == n.Name }) {
				out = append(out, route{n.Name, o.leafOf(n.Name, a.as), o.Target(), o.Node.PrimaryAddress()})
			}
		}
	}
	return out
}

// leafOf is the ID of a leaf that a host has; empty for none.
func (Opening) leafOf(host, leaf string) string {
	if leaf == "" {
		return ""
	}
	return host + "/" + leaf
}
