package manifests

import (
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	rbac "k8s.io/api/rbac/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"

	"hardway/cluster"
	"hardway/pki"
)

const (
	metricsName = "metrics-server"
	metricsUser = 1000
	// servingDir is where its certificate is in its pod.
	servingDir = "/etc/metrics-server/serving"
)

var metricsApp = map[string]string{"k8s-app": metricsName}

// aggregatedTo are the roles that people have, which are to include what an addon brings.
var aggregatedTo = map[string]string{
	"rbac.authorization.k8s.io/aggregate-to-view":  "true",
	"rbac.authorization.k8s.io/aggregate-to-edit":  "true",
	"rbac.authorization.k8s.io/aggregate-to-admin": "true",
}

// metricsServer asks every kubelet, whose serving certificate it verifies, and answers through the aggregation layer.
func metricsServer(spec *cluster.Spec, given Given) ([]runtime.Object, error) {
	image, err := metricsServerImage(spec)
	if err != nil {
		return nil, err
	}
	secret := pki.MetricsServerSecret.Name
	return []runtime.Object{
		&core.ServiceAccount{ObjectMeta: system(metricsName, metricsApp)},
		&rbac.ClusterRole{ObjectMeta: meta.ObjectMeta{Name: "system:aggregated-metrics-reader", Labels: aggregatedTo}, Rules: []rbac.PolicyRule{
			{APIGroups: []string{"metrics.k8s.io"}, Resources: []string{"pods", "nodes"}, Verbs: []string{"get", "list", "watch"}},
		}},
		&rbac.ClusterRole{ObjectMeta: meta.ObjectMeta{Name: "system:metrics-server"}, Rules: []rbac.PolicyRule{
			{APIGroups: []string{""}, Resources: []string{"nodes/metrics"}, Verbs: []string{"get"}},
			{APIGroups: []string{""}, Resources: []string{"pods", "nodes"}, Verbs: []string{"get", "list", "watch"}},
		}},
		binding("metrics-server:system:auth-delegator", "system:auth-delegator", serviceAccount(metricsName)),
		binding("system:metrics-server", "system:metrics-server", serviceAccount(metricsName)),
		&rbac.RoleBinding{
			ObjectMeta: system("metrics-server-auth-reader", metricsApp), Subjects: []rbac.Subject{serviceAccount(metricsName)},
			RoleRef: rbac.RoleRef{APIGroup: rbac.GroupName, Kind: "Role", Name: "extension-apiserver-authentication-reader"},
		},
		&core.Service{ObjectMeta: system(metricsName, metricsApp), Spec: core.ServiceSpec{Selector: metricsApp, Ports: []core.ServicePort{
			{Name: "https", Port: 443, Protocol: core.ProtocolTCP, TargetPort: intstr.FromString("https")},
		}}},
		metricsDeployment(image, secret),
		&apiregistration.APIService{ObjectMeta: meta.ObjectMeta{Name: "v1beta1.metrics.k8s.io"}, Spec: apiregistration.APIServiceSpec{
			Group: "metrics.k8s.io", Version: "v1beta1", GroupPriorityMinimum: 100, VersionPriority: 100,
			Service:  &apiregistration.ServiceReference{Name: metricsName, Namespace: meta.NamespaceSystem},
			CABundle: given.Trust,
		}},
	}, nil
}

// kubeRoot is where a pod finds the authority that kubelets are verified by.
const kubeRoot = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"

func metricsDeployment(image, secret string) *apps.Deployment {
	deployment := systemDeployment(metricsName, metricsApp, 1, metricsContainer(image))
	pod := &deployment.Spec.Template.Spec
	// It reads the pair again when that changes, so pods stay when it is renewed:
	// https://github.com/kubernetes/apiserver/blob/master/pkg/server/dynamiccertificates
	pod.Volumes = []core.Volume{{Name: "serving", VolumeSource: core.VolumeSource{
		Secret: &core.SecretVolumeSource{SecretName: secret, DefaultMode: new(int32(0o440))},
	}}}
	pod.SecurityContext.FSGroup = new(int64(metricsUser))
	return deployment
}

func metricsContainer(image string) core.Container {
	return core.Container{
		Name: metricsName, Image: image, ImagePullPolicy: core.PullIfNotPresent,
		Args: []string{
			"--tls-cert-file=" + pki.Cert(servingDir, "tls"), "--tls-private-key-file=" + pki.Key(servingDir, "tls"), "--secure-port=10250", "--kubelet-preferred-address-types=InternalIP",
			"--kubelet-use-node-status-port", "--metric-resolution=15s", "--kubelet-certificate-authority=" + kubeRoot,
		},
		Resources:       resources("100m", "200Mi", ""),
		Ports:           []core.ContainerPort{{Name: "https", ContainerPort: 10250, Protocol: core.ProtocolTCP}},
		LivenessProbe:   probe("/livez", "https", core.URISchemeHTTPS, 0, 3),
		ReadinessProbe:  probe("/readyz", "https", core.URISchemeHTTPS, 20, 3),
		SecurityContext: confined(core.SecurityContext{RunAsNonRoot: new(true), RunAsUser: new(int64(metricsUser))}),
		VolumeMounts:    []core.VolumeMount{{Name: "serving", MountPath: servingDir, ReadOnly: true}},
	}
}
