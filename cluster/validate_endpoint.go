package cluster

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// APIServerPort is where every master's own API server listens: Kubernetes' default secure port.
const APIServerPort = 6443

func checkEndpoint(r *review) {
	const path = "spec.endpoint.host"
	r.port("spec.endpoint.port", r.spec.Endpoint.Port)
	host := r.spec.Endpoint.Host
	if host == "" {
		r.endpointMissing(path)
		return
	}
	if addr, ok := address(host); ok {
		if why := undialable(addr); why != "" {
			r.report(path, "write the address that every node reaches the API by", "%s %s", host, why)
		}
		if _, ours := r.spec.hostCalled(host); !ours {
			r.outsideRanges(path, addr)
			r.familyOf(path, addr)
		}
		return
	}
	if len(validation.IsDNS1123Subdomain(host)) > 0 || looksLikeAddress(host) {
		r.report(path, "write a lower-case DNS name or an IP address, without scheme or port", "%q is neither a DNS name nor an IP address", short(host))
		return
	}
	if host == "localhost" {
		r.report(path, "write the name that every node reaches the API by", "localhost is every machine's name for itself")
	}
}

func (r *review) endpointMissing(path string) {
	masters := len(r.spec.With(RoleControlPlane))
	if masters > 1 {
		r.report(path, ownEndpointHint, "is missing, and with %d masters no single one can be the endpoint", masters)
		return
	}
	r.report(path, "write the name or address that kubelets and people dial", "is missing")
}

const ownEndpointHint = "put a load balancer (a host with the role load-balancer, a virtual address, or one of your own) before the masters, and name it here"

const sharedEndpointHint = "give spec.loadBalancer.virtualIP a free address of their network, which they share, and write that here, or a name that leads there"

// checkEndpointServes holds the endpoint against the hosts of the spec: it must not depend on one of several masters
// or load balancers, and not lead to a host that serves no API.
func checkEndpointServes(r *review) {
	const path = "spec.endpoint.host"
	n, ok := r.spec.hostCalled(r.spec.Endpoint.Host)
	if !ok {
		return
	}
	masters, balancers := len(r.spec.With(RoleControlPlane)), len(r.spec.With(RoleLoadBalancer))
	switch {
	case n.Has(RoleLoadBalancer) && balancers > 1:
		r.report(path, sharedEndpointHint, "%s is the load balancer %s: the loss of that one of %d would cut off every node", r.spec.Endpoint.Host, n.Name, balancers)
	case n.Has(RoleLoadBalancer):
	case !n.Has(RoleControlPlane):
		r.report(path, "name a load balancer or the only master", "%s is the host %s, which serves no API", r.spec.Endpoint.Host, n.Name)
	case masters > 1:
		r.report(path, ownEndpointHint, "%s is the master %s: the loss of that one of %d would cut off every node", r.spec.Endpoint.Host, n.Name, masters)
	case r.spec.Endpoint.Port != APIServerPort:
		r.report("spec.endpoint.port", fmt.Sprintf("write port: %d, or put a load balancer before the master", APIServerPort),
			"is %d, but the endpoint is the master %s, whose API server listens on %d", r.spec.Endpoint.Port, n.Name, APIServerPort)
	}
}

// hostCalled is the host with that name, alias or address, however spelled.
func (s *Spec) hostCalled(text string) (Node, bool) {
	want := strings.ToLower(canonical(text))
	if want == "" {
		return Node{}, false
	}
	for _, n := range s.Hosts {
		names := append(append([]string{n.Name}, n.Aliases...), n.Address...)
		for _, name := range names {
			if strings.ToLower(canonical(name)) == want {
				return n, true
			}
		}
	}
	return Node{}, false
}
