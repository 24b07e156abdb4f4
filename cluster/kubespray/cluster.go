package kubespray

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"hardway/cluster"
)

// rows are the variables of a cluster that a spec has a place for, or that change what one gets. take puts the value
// where it belongs, and says why where it cannot.
var rows = []struct {
	name string
	take func(t *taking, value any) string
}{
	{"cluster_name", takeName},
	{"dns_domain", into(func(s *cluster.Spec) *string { return &s.Network.ClusterDomain })},
	{"kube_version", takeVersion(func(s *cluster.Spec) *string { return &s.Kubernetes.Version })},
	{"etcd_version", takeVersion(func(s *cluster.Spec) *string { return &s.Etcd.Version })},
	{"kube_pods_subnet", intoFirst(func(s *cluster.Spec) *cluster.OneOrMore { return &s.Network.PodCIDR })},
	{"kube_service_addresses", intoFirst(func(s *cluster.Spec) *cluster.OneOrMore { return &s.Network.ServiceCIDR })},
	{"kube_pods_subnet_ipv6", intoSecond(func(s *cluster.Spec) *cluster.OneOrMore { return &s.Network.PodCIDR })},
	{"kube_service_addresses_ipv6", intoSecond(func(s *cluster.Spec) *cluster.OneOrMore { return &s.Network.ServiceCIDR })},
	{"kube_network_node_prefix", takeNodePrefix},
	{"kube_network_node_prefix_ipv6", takeNodePrefixIPv6},
	{"kube_proxy_mode", into(func(s *cluster.Spec) *string { return &s.Worker.KubeProxyMode })},
	{"kube_proxy_strict_arp", intoBool(func(s *cluster.Spec) *bool { return &s.Addons.StrictARP })},
	{"kubelet_cgroup_driver", into(func(s *cluster.Spec) *string { return &s.Worker.CgroupDriver })},
	{"kube_network_plugin", takePlugin},
	{"container_manager", fixed("containerd", "hardway's workers run containerd")},
	{"kube_encrypt_secret_data", takeEncryption},
	{"kube_encryption_algorithm", into(func(s *cluster.Spec) *string { return &s.Encryption.Provider })},
	{"kube_encryption_resources", intoList(func(s *cluster.Spec) *[]string { return &s.Encryption.Resources })},
	{"supplementary_addresses_in_ssl_keys", intoList(func(s *cluster.Spec) *[]string { return &s.PKI.ExtraSANs })},
	{"metrics_server_enabled", intoChoice(func(s *cluster.Spec) **bool { return &s.Addons.MetricsServer })},
	{"dns_mode", takeDNS},
	{"kube_apiserver_port", fixed(strconv.Itoa(cluster.APIServerPort), "every API server of hardway listens on 6443")},
	{"etcd_data_dir", fixed("/var/lib/etcd", "hardway keeps etcd's data in /var/lib/etcd")},
	{"bin_dir", fixed("/usr/local/bin", "hardway puts binaries into /usr/local/bin")},
	{"cloud_provider", unlessEmpty("hardway knows no cloud provider")},
	{"external_cloud_provider", unlessEmpty("hardway knows no cloud provider")},
	{"http_proxy", unlessEmpty("hardway sets no proxy on hosts")},
	{"https_proxy", unlessEmpty("hardway sets no proxy on hosts")},
	{"kube_oidc_auth", unlessFalse("hardway configures no OpenID Connect")},
	{"kube_feature_gates", unlessEmpty("hardway sets no feature gates")},
	{"podsecuritypolicy_enabled", unlessFalse("Kubernetes has no pod security policies any more")},
}

func (t *taking) takeCluster() {
	for _, row := range rows {
		if value, given := t.common(row.name); given {
			if why := row.take(t, value); why != "" {
				t.leave(row.name, nil, why)
			}
		}
	}
}

// dualStack is how older and newer releases of kubespray ask for both families.
func (t *taking) dualStack() bool {
	for _, name := range []string{"enable_dual_stack_networks", "ipv6_stack"} {
		if value, given := t.common(name); given {
			if is, _ := truth(value); is {
				return true
			}
		}
	}
	t.used["ipv4_stack"] = true
	return false
}

// takeName: kubespray's cluster_name is the DNS domain, and what kubeconfigs call the cluster; a spec's name is a label.
func takeName(t *taking, value any) string {
	text, _ := value.(string)
	t.spec.Network.ClusterDomain = text
	t.spec.Name, _, _ = strings.Cut(text, ".")
	return ""
}

// takeVersion writes the v that newer releases of kubespray leave out.
func takeVersion(field func(*cluster.Spec) *string) func(*taking, any) string {
	return func(t *taking, value any) string {
		text, _ := value.(string)
		*field(t.spec) = "v" + strings.TrimPrefix(text, "v")
		return ""
	}
}

func takeNodePrefix(t *taking, value any) string {
	number, err := strconv.Atoi(fmt.Sprint(value))
	if err != nil {
		return "is no number"
	}
	t.spec.Network.NodeMaskSize = number
	return ""
}

// nodePrefixIPv6 is kube-controller-manager's own default, which hardway does not change in a dual stack.
const nodePrefixIPv6 = 64

func takeNodePrefixIPv6(t *taking, value any) string {
	if !t.dualStack() || fmt.Sprint(value) == strconv.Itoa(nodePrefixIPv6) {
		return ""
	}
	return fmt.Sprintf("with two families a node's share of the IPv6 range is a /%d: choose a range that holds those", nodePrefixIPv6)
}

func takePlugin(t *taking, value any) string {
	t.spec.Worker.CNI = "none"
	if value == "cni" || value == "none" || value == "custom_cni" {
		return ""
	}
	return fmt.Sprintf("hardway installs no %v: worker.cni is none, install it once the API answers, or write bridge", value)
}

func takeEncryption(_ *taking, value any) string {
	if is, _ := truth(value); is {
		return ""
	}
	return "hardway always encrypts Secrets in etcd"
}

func takeDNS(t *taking, value any) string {
	on := true
	switch value {
	case "coredns":
	case "none", "manual":
		on = false
	default:
		t.spec.Addons.CoreDNS = &on
		return fmt.Sprintf("hardway does not know %v: it runs one CoreDNS", value)
	}
	t.spec.Addons.CoreDNS = &on
	return ""
}

const notReadable = "is not of the type that kubespray takes"

func into(field func(*cluster.Spec) *string) func(*taking, any) string {
	return func(t *taking, value any) string {
		text, ok := value.(string)
		if !ok {
			return notReadable
		}
		*field(t.spec) = text
		return ""
	}
}

func intoBool(field func(*cluster.Spec) *bool) func(*taking, any) string {
	return func(t *taking, value any) string {
		is, known := truth(value)
		if !known {
			return notReadable
		}
		*field(t.spec) = is
		return ""
	}
}

func intoChoice(field func(*cluster.Spec) **bool) func(*taking, any) string {
	return func(t *taking, value any) string {
		is, known := truth(value)
		if !known {
			return notReadable
		}
		*field(t.spec) = &is
		return ""
	}
}

func intoList(field func(*cluster.Spec) *[]string) func(*taking, any) string {
	return func(t *taking, value any) string {
		list, ok := texts(value)
		if !ok {
			return notReadable
		}
		*field(t.spec) = append(*field(t.spec), list...)
		return ""
	}
}

// intoFirst takes a CIDR, or two of them with a comma between.
func intoFirst(field func(*cluster.Spec) *cluster.OneOrMore) func(*taking, any) string {
	return func(t *taking, value any) string {
		list, ok := texts(value)
		if !ok || len(list) == 0 {
			return notReadable
		}
		*field(t.spec) = list
		return ""
	}
}

func intoSecond(field func(*cluster.Spec) *cluster.OneOrMore) func(*taking, any) string {
	return func(t *taking, value any) string {
		text, ok := value.(string)
		if ok && t.dualStack() && !slices.Contains(*field(t.spec), text) {
			*field(t.spec) = append(*field(t.spec), text)
		}
		return ""
	}
}

// fixed is a value that hardway has no choice of.
func fixed(want, why string) func(*taking, any) string {
	return func(_ *taking, value any) string {
		if value == want {
			return ""
		}
		return why
	}
}

func unlessEmpty(why string) func(*taking, any) string {
	return func(_ *taking, value any) string {
		if list, ok := texts(value); ok && len(list) == 0 {
			return ""
		}
		return why
	}
}

func unlessFalse(why string) func(*taking, any) string {
	return func(_ *taking, value any) string {
		if is, known := truth(value); known && !is {
			return ""
		}
		return why
	}
}
