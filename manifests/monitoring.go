package manifests

import (
	"fmt"

	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"hardway/cluster"
	"hardway/pki"
)

// Scraped is a component whose metrics are on its host's loopback, and the port of the host at which a proxy passes them on
// to whoever may read them.
type Scraped struct {
	Name string
	Port int
	// upstream is where the proxy gets them; a component with TLS wants to know who asks, too.
	upstream string
	// on says which nodes have it; of masters a proxy reaches only those that run pods.
	on func(*cluster.Spec, *cluster.Node) bool
}

// ScrapedOnes is every such component.
func ScrapedOnes() []Scraped {
	master := func(s *cluster.Spec, n *cluster.Node) bool {
		return n.Has(cluster.RoleControlPlane) && s.RunsKubelet(n)
	}
	return []Scraped{
		{"etcd", 10381, "http://127.0.0.1:2381/", master},
		{"kube-controller-manager", 10357, "https://127.0.0.1:10257/", master},
		{"kube-scheduler", 10359, "https://127.0.0.1:10259/", master},
		{"kube-proxy", 10349, "http://127.0.0.1:10249/", (*cluster.Spec).RunsKubelet},
	}
}

// Nodes is where the component can be scraped.
func (s Scraped) Nodes(spec *cluster.Spec) []cluster.Node {
	var out []cluster.Node
	for i := range spec.Hosts {
		if s.on(spec, &spec.Hosts[i]) {
			out = append(out, spec.Hosts[i])
		}
	}
	return out
}

const (
	metricsProxy = "metrics-proxy"
	proxyUser    = 65532
	// proxyPairDir is where a proxy finds its certificate.
	proxyPairDir = "/etc/metrics-proxy"
)

// monitoring is the proxies: whom they let read metrics is RBAC's, for GET on the path /metrics.
func monitoring(spec *cluster.Spec, given Given) ([]runtime.Object, error) {
	out := []runtime.Object{
		&core.ServiceAccount{ObjectMeta: system(metricsProxy, nil)},
		// They ask API servers who somebody is and what he may.
		binding("hardway:metrics-proxy-asks", "system:auth-delegator", serviceAccount(metricsProxy)),
		&rbac.ClusterRole{ObjectMeta: meta.ObjectMeta{Name: "hardway:metrics"}, Rules: []rbac.PolicyRule{
			{NonResourceURLs: []string{"/metrics"}, Verbs: []string{"get"}},
		}},
		binding("hardway:metrics-proxy-reads", "hardway:metrics", rbac.Subject{Kind: rbac.UserKind, APIGroup: rbac.GroupName, Name: pki.MetricsProxyUser}),
	}
	for _, s := range ScrapedOnes() {
		if len(s.Nodes(spec)) > 0 {
			out = append(out, s.proxies(spec, given))
		}
	}
	return out, nil
}

// proxies is one on the network of each host that has the component.
func (s Scraped) proxies(spec *cluster.Spec, given Given) *apps.DaemonSet {
	name := metricsProxy + "-" + s.Name
	app := map[string]string{"app.kubernetes.io/name": name}
	selector := map[string]string{core.LabelOSStable: "linux"}
	if s.Name != "kube-proxy" {
		selector[roleLabel+"control-plane"] = ""
	}
	return &apps.DaemonSet{ObjectMeta: system(name, app), Spec: apps.DaemonSetSpec{
		Selector: &meta.LabelSelector{MatchLabels: app},
		Template: core.PodTemplateSpec{
			// They read the certificate that they show to components once; with another one they start again.
			ObjectMeta: meta.ObjectMeta{Labels: app, Annotations: map[string]string{"hardway.io/certificate": given.Marks[metricsProxy]}},
			Spec: core.PodSpec{
				ServiceAccountName: metricsProxy,
				PriorityClassName:  "system-node-critical",
				HostNetwork:        true,
				NodeSelector:       selector,
				Tolerations:        []core.Toleration{{Operator: core.TolerationOpExists}},
				SecurityContext: &core.PodSecurityContext{
					SeccompProfile: &core.SeccompProfile{Type: core.SeccompProfileTypeRuntimeDefault}, FSGroup: new(int64(proxyUser)),
				},
				Containers: []core.Container{s.container(kubeRBACProxyImage(spec))},
				Volumes: []core.Volume{{Name: "pair", VolumeSource: core.VolumeSource{
					Secret: &core.SecretVolumeSource{SecretName: pki.MetricsProxySecret.Name, DefaultMode: new(int32(0o440))},
				}}},
			},
		},
	}}
}

func (s Scraped) container(image string) core.Container {
	cert, key := pki.Cert(proxyPairDir, "tls"), pki.Key(proxyPairDir, "tls")
	args := []string{
		fmt.Sprintf("--secure-listen-address=$(HOST):%d", s.Port), "--upstream=" + s.upstream, "--allow-paths=/metrics",
		"--tls-cert-file=" + cert, "--tls-private-key-file=" + key,
	}
	if s.upstream[:5] == "https" {
		args = append(args, "--upstream-ca-file="+kubeRoot, "--upstream-client-cert-file="+cert, "--upstream-client-key-file="+key)
	}
	return core.Container{
		Name: metricsProxy, Image: image, ImagePullPolicy: core.PullIfNotPresent, Args: args,
		Env:             []core.EnvVar{{Name: "HOST", ValueFrom: &core.EnvVarSource{FieldRef: &core.ObjectFieldSelector{FieldPath: "status.hostIP"}}}},
		Resources:       resources("10m", "20Mi", "64Mi"),
		Ports:           []core.ContainerPort{{Name: "metrics", ContainerPort: int32(s.Port), HostPort: int32(s.Port), Protocol: core.ProtocolTCP}},
		SecurityContext: confined(core.SecurityContext{RunAsNonRoot: new(true), RunAsUser: new(int64(proxyUser))}),
		VolumeMounts:    []core.VolumeMount{{Name: "pair", MountPath: proxyPairDir, ReadOnly: true}},
	}
}
