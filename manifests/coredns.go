package manifests

import (
	"bytes"
	_ "embed"
	"fmt"
	"text/template"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	policy "k8s.io/api/policy/v1"
	rbac "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"

	"hardway/cluster"
)

const dnsName = "coredns"

// dnsApp is the label by which people, dashboards and other tools find the cluster's DNS, whatever serves it.
var dnsApp = map[string]string{"k8s-app": "kube-dns"}

//go:embed Corefile.tmpl
var corefileText string

var corefileTemplate = template.Must(template.New("Corefile").Parse(corefileText))

// coreDNS is two replicas on different nodes behind the tenth address of the service network.
func coreDNS(spec *cluster.Spec) ([]runtime.Object, error) {
	image, err := coreDNSImage(spec)
	if err != nil {
		return nil, err
	}
	var corefile bytes.Buffer
	if err := corefileTemplate.Execute(&corefile, spec.Network.ClusterDomain); err != nil {
		return nil, fmt.Errorf("failed to write the Corefile: %w", err)
	}
	return []runtime.Object{
		&core.ServiceAccount{ObjectMeta: system(dnsName, nil)},
		&rbac.ClusterRole{ObjectMeta: meta.ObjectMeta{Name: "system:coredns"}, Rules: []rbac.PolicyRule{
			watches("", "endpoints", "services", "pods", "namespaces"),
			watches("discovery.k8s.io", "endpointslices"),
		}},
		binding("system:coredns", "system:coredns", serviceAccount(dnsName)),
		&core.ConfigMap{ObjectMeta: system(dnsName, nil), Data: map[string]string{"Corefile": corefile.String()}},
		dnsService(spec),
		dnsDeployment(image),
		&policy.PodDisruptionBudget{ObjectMeta: system(dnsName, dnsApp), Spec: policy.PodDisruptionBudgetSpec{
			MaxUnavailable: new(intstr.FromInt32(1)), Selector: &meta.LabelSelector{MatchLabels: dnsApp},
		}},
	}, nil
}

// system is an object's name in kube-system, and its labels.
func system(name string, labels map[string]string) meta.ObjectMeta {
	own := map[string]string{}
	for key, value := range labels {
		own[key] = value
	}
	return meta.ObjectMeta{Name: name, Namespace: meta.NamespaceSystem, Labels: own}
}

func watches(group string, resources ...string) rbac.PolicyRule {
	return rbac.PolicyRule{APIGroups: []string{group}, Resources: resources, Verbs: []string{"list", "watch"}}
}

func dnsService(spec *cluster.Spec) *core.Service {
	service := &core.Service{ObjectMeta: system("kube-dns", dnsApp), Spec: core.ServiceSpec{Selector: dnsApp, Ports: []core.ServicePort{
		{Name: "dns", Port: 53, Protocol: core.ProtocolUDP, TargetPort: intstr.FromString("dns")},
		{Name: "dns-tcp", Port: 53, Protocol: core.ProtocolTCP, TargetPort: intstr.FromString("dns-tcp")},
		{Name: "metrics", Port: 9153, Protocol: core.ProtocolTCP, TargetPort: intstr.FromString("metrics")},
	}}}
	service.Annotations = map[string]string{"prometheus.io/port": "9153", "prometheus.io/scrape": "true"}
	service.Labels["kubernetes.io/cluster-service"], service.Labels["kubernetes.io/name"] = "true", "CoreDNS"
	for _, ip := range spec.DNSIPs() {
		service.Spec.ClusterIPs = append(service.Spec.ClusterIPs, ip.String())
	}
	service.Spec.ClusterIP = service.Spec.ClusterIPs[0]
	if len(service.Spec.ClusterIPs) > 1 {
		service.Spec.IPFamilyPolicy = new(core.IPFamilyPolicyRequireDualStack)
	}
	return service
}

func dnsDeployment(image string) *apps.Deployment {
	deployment := systemDeployment(dnsName, dnsApp, 2, core.Container{
		Name: dnsName, Image: image, ImagePullPolicy: core.PullIfNotPresent, Args: []string{"-conf", "/etc/coredns/Corefile"},
		Resources:    resources("100m", "70Mi", "170Mi"),
		VolumeMounts: []core.VolumeMount{{Name: "config", MountPath: "/etc/coredns", ReadOnly: true}},
		Ports: []core.ContainerPort{
			{Name: "dns", ContainerPort: 53, Protocol: core.ProtocolUDP}, {Name: "dns-tcp", ContainerPort: 53, Protocol: core.ProtocolTCP},
			{Name: "metrics", ContainerPort: 9153, Protocol: core.ProtocolTCP}, {Name: "health", ContainerPort: 8080, Protocol: core.ProtocolTCP},
			{Name: "ready", ContainerPort: 8181, Protocol: core.ProtocolTCP},
		},
		LivenessProbe:   probe("/health", "health", core.URISchemeHTTP, 60, 5),
		ReadinessProbe:  probe("/ready", "ready", core.URISchemeHTTP, 0, 3),
		SecurityContext: confined(core.SecurityContext{Capabilities: &core.Capabilities{Add: []core.Capability{"NET_BIND_SERVICE"}, Drop: []core.Capability{"ALL"}}}),
	})
	pod := &deployment.Spec.Template.Spec
	// It forwards to what its node resolves by, not to itself.
	pod.DNSPolicy = core.DNSDefault
	pod.Volumes = []core.Volume{{Name: "config", VolumeSource: core.VolumeSource{
		ConfigMap: &core.ConfigMapVolumeSource{LocalObjectReference: core.LocalObjectReference{Name: dnsName}},
	}}}
	return deployment
}

func resources(cpu, memory, limit string) core.ResourceRequirements {
	r := core.ResourceRequirements{Requests: core.ResourceList{core.ResourceCPU: resource.MustParse(cpu), core.ResourceMemory: resource.MustParse(memory)}}
	if limit != "" {
		r.Limits = core.ResourceList{core.ResourceMemory: resource.MustParse(limit)}
	}
	return r
}
