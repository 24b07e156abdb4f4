package plan

import (
	"context"
	"fmt"

	"hardway/cluster"
	"hardway/haproxy"
	"hardway/remote"
	"hardway/rollout"
)

// balancers is the rolling change of the balancers.
func (e *Env) balancers(ctx context.Context, s view, what []string) (rollout.Balancers, error) {
	b := rollout.Balancers{Running: s.running, Share: e.Spec.LoadBalancer.VirtualIP != ""}
	if !applies(what, haproxy.Component) {
		return b, nil
	}
	var problems cluster.Problems
	for _, node := range e.Spec.With(cluster.RoleLoadBalancer) {
		if !e.chosen(node.Name) {
			continue
		}
		part := s.part(node.Name, []string{haproxy.Component})
		problems = append(problems, uninstalled(e.Spec, node, part.Change.State)...)
		b.Hosts = append(b.Hosts, part)
		if h, _ := s.of(node.Name); b.Share && h.conn != nil {
			holds, err := haproxy.AskHolds(ctx, h.conn, e.Spec.LoadBalancer.VirtualIP)
			if err != nil {
				return b, err
			}
			if holds {
				b.Holder = node.Name
			}
		}
	}
	return b, problems.OrNil()
}

// uninstalled is what a balancer needs of its distribution and does not have.
func uninstalled(spec *cluster.Spec, node cluster.Node, state remote.State) []cluster.Problem {
	packages := []struct{ unit, name, program string }{{haproxy.Unit, "haproxy", "HAProxy"}}
	if haproxy.Shares(spec, node) {
		packages = append(packages, struct{ unit, name, program string }{haproxy.SharedUnit, "keepalived", "keepalived"})
	}
	var problems []cluster.Problem
	for _, p := range packages {
		if state.Units[p.unit].Load == "not-found" {
			problems = append(problems, cluster.Problem{
				Host: node.Name, Subject: p.unit, Message: p.program + " is not installed on the host",
				Hint: fmt.Sprintf("install it there (apt-get install %[1]s, dnf install %[1]s), then run the same command again", p.name),
			})
		}
	}
	return problems
}

// askAddress wants one balancer to hold the address that they share. Of those that cannot be asked nothing is said: the
// gates of HAProxy do.
func (e *Env) askAddress(ctx context.Context, hosts []string) []cluster.Problem {
	shared := e.Spec.LoadBalancer.VirtualIP
	var holders []string
	for _, node := range e.Spec.With(cluster.RoleLoadBalancer) {
		conn, err := e.connect(ctx, node)
		if err != nil {
			continue
		}
		if holds, err := haproxy.AskHolds(ctx, conn, shared); err == nil && holds {
			holders = append(holders, node.Name)
		}
	}
	about := func(message, hint string) []cluster.Problem {
		return []cluster.Problem{{Host: hosts[0], Subject: haproxy.SharedUnit, Message: message, Hint: hint}}
	}
	switch len(holders) {
	case 0:
		return about("no balancer holds "+shared, fmt.Sprintf("ssh %s journalctl -u %s -n 50", hosts[0], haproxy.SharedUnit))
	case 1:
		return nil
	}
	return about(fmt.Sprintf("%s is held by each of %v", shared, holders),
		"let VRRP (IP protocol 112) through between the balancers: `hardway preflight --ports` prints the rules")
}
