package manifests

import (
	"fmt"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"hardway/cluster"
)

// Deployments is the names of those in kube-system that hardway applies.
func Deployments(spec *cluster.Spec) []string {
	var out []string
	for _, set := range Sets {
		if !set.Wanted(spec) {
			continue
		}
		objects, err := set.Objects(spec, Given{})
		if err != nil {
			continue // rendering says so
		}
		for _, o := range objects {
			if o.GetKind() == "Deployment" {
				out = append(out, o.GetName())
			}
		}
	}
	return out
}

// What is made for the moment.
const (
	// MomentLabel is on every namespace and Secret that is made for the moment, and MomentBy says on it by whom.
	MomentLabel = "hardway.io/verify"
	MomentBy    = "hardway.io/by"
	// MomentPort is where pods that are made for the moment answer DNS with who asked. It takes no privilege.
	MomentPort = 1053
	// MomentProgram is what they run, by its path in the image.
	MomentProgram = "/coredns"
)

// momentApp is its name, and that of its only container.
const momentApp = "probe"

func momentLabels() map[string]string {
	return map[string]string{managedBy: FieldManager, MomentLabel: "true"}
}

// MomentNamespace is a namespace that somebody makes for the moment.
func MomentNamespace(name, by string) *core.Namespace {
	return &core.Namespace{ObjectMeta: meta.ObjectMeta{
		Name: name, Labels: momentLabels(), Annotations: map[string]string{MomentBy: by},
	}}
}

// MomentAccount is whom the pods run as: the namespace's own is there a moment too late. It may do nothing.
func MomentAccount(namespace string) *core.ServiceAccount {
	return &core.ServiceAccount{ObjectMeta: meta.ObjectMeta{Name: momentApp, Namespace: namespace}}
}

// MomentPods is a pod on every node, whatever taints it has, of CoreDNS: the image that every cluster has, whether it reaches
// a registry or not. Without a Corefile CoreDNS answers each question with the address of who asked.
func MomentPods(spec *cluster.Spec, namespace string) (*apps.DaemonSet, error) {
	image, err := coreDNSImage(spec)
	if err != nil {
		return nil, err
	}
	app := map[string]string{"app": momentApp}
	return &apps.DaemonSet{ObjectMeta: meta.ObjectMeta{Name: momentApp, Namespace: namespace}, Spec: apps.DaemonSetSpec{
		Selector: &meta.LabelSelector{MatchLabels: app},
		Template: core.PodTemplateSpec{ObjectMeta: meta.ObjectMeta{Labels: app}, Spec: core.PodSpec{
			ServiceAccountName:            momentApp,
			AutomountServiceAccountToken:  new(false),
			EnableServiceLinks:            new(false),
			TerminationGracePeriodSeconds: new(int64(1)),
			NodeSelector:                  map[string]string{core.LabelOSStable: "linux"},
			Tolerations:                   []core.Toleration{{Operator: core.TolerationOpExists}},
			SecurityContext: &core.PodSecurityContext{
				RunAsNonRoot: new(true), RunAsUser: new(int64(65532)), RunAsGroup: new(int64(65532)),
				SeccompProfile: &core.SeccompProfile{Type: core.SeccompProfileTypeRuntimeDefault},
			},
			Containers: []core.Container{{
				Name: momentApp, Image: image, ImagePullPolicy: core.PullIfNotPresent, Args: []string{fmt.Sprintf("-dns.port=%d", MomentPort)},
				Resources: core.ResourceRequirements{Limits: core.ResourceList{core.ResourceMemory: resource.MustParse("170Mi")}, Requests: core.ResourceList{
					core.ResourceCPU: resource.MustParse("10m"), core.ResourceMemory: resource.MustParse("20Mi"),
				}},
				// The file in the image has the capability, and is not executed where it cannot be had.
				SecurityContext: confined(core.SecurityContext{Capabilities: &core.Capabilities{Add: []core.Capability{"NET_BIND_SERVICE"}, Drop: []core.Capability{"ALL"}}}),
			}},
		}},
	}}, nil
}

// MomentService is those pods behind a cluster IP and a port of every node.
func MomentService(namespace string) *core.Service {
	return &core.Service{ObjectMeta: meta.ObjectMeta{Name: momentApp, Namespace: namespace}, Spec: core.ServiceSpec{
		Type: core.ServiceTypeNodePort, Selector: map[string]string{"app": momentApp},
		Ports: []core.ServicePort{{Name: "dns-tcp", Port: 53, Protocol: core.ProtocolTCP, TargetPort: intstr.FromInt32(MomentPort)}},
	}}
}

// MomentSecret is a Secret with a value that says what it is.
func MomentSecret(name, by string) *core.Secret {
	return &core.Secret{ObjectMeta: meta.ObjectMeta{
		Name: name, Namespace: meta.NamespaceSystem, Labels: momentLabels(), Annotations: map[string]string{MomentBy: by},
	}, StringData: map[string]string{"about": "written by hardway verify"}}
}
