package kubespray

import (
	"strconv"
	"strings"

	"hardway/cluster"
)

// takeEndpoint finds what kubelets and people dial: kubespray's external load balancer, kube-vip's address, the one load
// balancer among the hosts, or the only master, which the spec's defaults fill in.
func (t *taking) takeEndpoint() {
	e := &t.spec.Endpoint
	t.takeLoadBalancer(e)
	t.takeVIP(e)
	t.takeInner(e)
	if balancers := t.spec.With(cluster.RoleLoadBalancer); e.Host == "" && len(balancers) == 1 {
		e.Host = balancers[0].PrimaryAddress()
	}
}

func (t *taking) takeLoadBalancer(e *cluster.Endpoint) {
	value, given := t.common("loadbalancer_apiserver")
	balancer, isMap := value.(map[string]any)
	name, _ := t.common("apiserver_loadbalancer_domain_name")
	if !given {
		return
	}
	if !isMap {
		t.leave("loadbalancer_apiserver", nil, "want address and port in it")
		return
	}
	e.Host, _ = balancer["address"].(string)
	if port, ok := balancer["port"].(string); ok {
		e.Port, _ = strconv.Atoi(port)
	}
	domain, _ := name.(string)
	if domain = strings.TrimSpace(domain); domain == "" {
		return
	}
	if e.Host != "" {
		t.spec.PKI.ExtraSANs = append(t.spec.PKI.ExtraSANs, e.Host)
	}
	e.Host = domain
	t.leave("apiserver_loadbalancer_domain_name", nil, "is the endpoint, but hardway writes no /etc/hosts: let "+domain+" resolve on every node")
}

func (t *taking) takeVIP(e *cluster.Endpoint) {
	enabled, _ := t.common("kube_vip_enabled")
	value, _ := t.common("kube_vip_address")
	if is, _ := truth(enabled); !is {
		return
	}
	if address, _ := value.(string); address != "" && e.Host == "" {
		e.Host = address
	}
	t.leave("kube_vip_enabled", nil, "hardway installs no kube-vip: two hosts with the role load-balancer share an address by loadBalancer.virtualIP")
}

// takeInner says that the proxies which kubespray puts on every node by default have no counterpart.
func (t *taking) takeInner(e *cluster.Endpoint) {
	value, given := t.common("loadbalancer_apiserver_localhost")
	t.used["loadbalancer_apiserver_type"], t.used["loadbalancer_apiserver_port"] = true, true
	t.used["loadbalancer_apiserver_healthcheck_port"] = true
	is, _ := truth(value)
	needed := e.Host == "" && len(t.spec.With(cluster.RoleControlPlane)) > 1 && len(t.spec.With(cluster.RoleLoadBalancer)) == 0
	if is || !given && needed {
		t.leave("loadbalancer_apiserver_localhost", nil, "hardway puts no proxy on every node: nodes dial spec.endpoint, a load balancer before the masters")
	}
}
