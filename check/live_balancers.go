package check

import (
	"context"
	"net"
	"slices"
	"strconv"
	"strings"

	"hardway/cluster"
	"hardway/haproxy"
)

// balancersAgree asks each HAProxy how it finds the API servers. One that is not well is its own finding, not the balancer's.
func balancersAgree(ctx context.Context, v *Verification) []Row {
	return v.each(ctx, balancing(v.Spec), func(ctx context.Context, t Target) []Row {
		servers, err := haproxy.Runtime{Dial: t.Conn.Dial}.Servers(ctx)
		if err != nil {
			return failed("ssh "+t.Node.Name+" journalctl -u "+haproxy.Unit+" -n 50", "HAProxy does not answer on its runtime socket: %v", err)
		}
		var rows []Row
		var up []string
		for _, master := range masters(v.Spec) {
			i := slices.IndexFunc(servers, func(s haproxy.ServerState) bool { return s.Name == master.Name })
			switch {
			case i < 0:
				rows = append(rows, failed("hardway apply haproxy", "has no server %s: it runs on another configuration", master.Name)...)
			case !servers[i].Up && !v.well(liveAPI, master.Name):
				rows = append(rows, unknown("see `"+liveAPI+"`", "does not find %s ready", master.Name)...)
			case !servers[i].Up:
				rows = append(rows, failed("look for a firewall between them, and at `ssh "+t.Node.Name+" journalctl -u "+haproxy.Unit+" -n 50`",
					"does not find %s ready, though its API server is", master.Name)...)
			case servers[i].Drained:
				rows = append(rows, failed("hardway apply haproxy", "has %s drained: it gets no new connections", master.Name)...)
			default:
				up = append(up, master.Name)
			}
		}
		return orOK(rows, "finds %s ready", strings.Join(up, ", "))
	})
}

// well reports whether a check found nothing about a host.
func (v *Verification) well(check, host string) bool {
	return !slices.ContainsFunc(v.rows[check], func(r Row) bool { return r.Host == host && r.State != OK })
}

// endpointServes asks through each balancer from the nodes, and at the endpoint's own name from there and from the operator's
// machine. People may work from elsewhere: that it does not get there is a warning.
func endpointServes(ctx context.Context, v *Verification) []Row {
	rows := serves(endpointServer)(ctx, v)
	target := net.JoinHostPort(v.Spec.Endpoint.Host, strconv.Itoa(v.Spec.Endpoint.Port))
	s := v.behind()
	for _, n := range v.Spec.Kubelets() {
		if v.chosen(n.Name) && !v.isBalancer(v.Spec.Endpoint.Host) {
			s.routes = append(s.routes, route{from: n.Name, address: target, name: v.Spec.Endpoint.Host})
		}
	}
	if len(s.routes) > 0 {
		rows = append(rows, v.judge(ctx, s, v.see(ctx, s))...)
	}
	s.routes = []route{{address: target, name: v.Spec.Endpoint.Host}}
	own := v.judge(ctx, s, v.see(ctx, s))
	for i := range own {
		if own[i].State == Failed && own[i].kind == kindSilent {
			own[i].State, own[i].Seen = Warning, "from the operator's machine: "+own[i].Seen
			own[i].Try = "kubectl works from where the endpoint can be dialled; does its name resolve here?"
		}
	}
	return append(rows, own...)
}

// behind is whatever API server stands behind an endpoint.
func (v *Verification) behind() served {
	s := served{path: readyz}
	for _, m := range masters(v.Spec) {
		s.leaves = append(s.leaves, m.Name+"/"+apiServerLeaf)
	}
	return s
}

func (v *Verification) isBalancer(address string) bool {
	return slices.ContainsFunc(balancing(v.Spec), func(n cluster.Node) bool { return n.PrimaryAddress() == address })
}
