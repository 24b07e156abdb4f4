package manifests

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	apps "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"hardway/cluster"
	"hardway/pki"
	"hardway/test/sample"
)

func watched(s *cluster.Spec) { s.Addons.Monitoring, s.Worker.OnMasters = true, true }

// TestValuesNameWhatIsProxied holds the two halves of a scrape together: every endpoint that the chart is told of is a host's
// address in the proxies' certificate, at a port at which one listens in front of that component.
func TestValuesNameWhatIsProxied(t *testing.T) {
	spec := sample.Spec(t, watched)
	store := sample.PKI(t, spec)
	given, err := From(spec, store)
	must(t, err)
	i := slices.IndexFunc(Sets, func(s Set) bool { return s.Name == "50-monitoring" })
	objects, err := Sets[i].Objects(spec, given)
	must(t, err)
	listening := map[string]string{}
	for _, o := range objects {
		if o.GetKind() != "DaemonSet" {
			continue
		}
		var d apps.DaemonSet
		must(t, runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &d))
		pod := d.Spec.Template.Spec
		listening[strings.TrimPrefix(d.Name, "metrics-proxy-")] = fmt.Sprint(pod.Containers[0].Ports[0].HostPort)
		args := strings.Join(pod.Containers[0].Args, " ")
		if !pod.HostNetwork || !strings.Contains(args, "--upstream=http") || !strings.Contains(args, "127.0.0.1:") || !strings.Contains(args, "--allow-paths=/metrics") ||
			strings.Contains(args, "insecure") || strings.Contains(args, "--upstream=https") != strings.Contains(args, "--upstream-client-cert-file") {
			t.Errorf("%s runs with %s", d.Name, args)
		}
		if mark := d.Spec.Template.Annotations["hardway.io/certificate"]; len(mark) != MarkLength {
			t.Errorf("%s starts again for %q", d.Name, mark)
		}
	}
	cert, err := store.Certificate("metrics-proxy")
	must(t, err)
	values := ValuesFor(spec)
	for name, c := range map[string]ChartComponent{
		"etcd": values.KubeEtcd, "kube-controller-manager": values.KubeControllerManager, "kube-scheduler": values.KubeScheduler, "kube-proxy": values.KubeProxy,
	} {
		if want := map[bool]int{true: 5, false: 3}[name == "kube-proxy"]; !c.Enabled || len(c.Endpoints) != want || fmt.Sprint(c.Service.Port) != listening[name] {
			t.Errorf("%s is scraped by %+v at %v, and its proxy is at %s", name, c, c.Service, listening[name])
		}
		for _, address := range c.Endpoints {
			if err := cert.VerifyHostname(address); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestMastersWithoutPodsAreNotScraped(t *testing.T) {
	v := ValuesFor(sample.Spec(t, func(s *cluster.Spec) { s.Addons.Monitoring = true }))
	if v.KubeEtcd.Enabled || v.KubeScheduler.Enabled || v.KubeControllerManager.Enabled || !v.KubeProxy.Enabled || len(v.KubeProxy.Endpoints) != 2 {
		t.Errorf("got %+v", v)
	}
	for _, r := range pki.Catalogue(sample.Spec(t)) {
		if r.Name == "metrics-proxy" {
			t.Error("a cluster that is not monitored has the proxies' certificate")
		}
	}
}

// TestValuesSpeakTheChartsWords holds the keys against those that the chart documents.
func TestValuesSpeakTheChartsWords(t *testing.T) {
	data, err := yaml.Marshal(ValuesFor(sample.Spec(t, watched)))
	must(t, err)
	const want = `kubeEtcd:
  enabled: true
  endpoints:
  - 192.168.96.46
  - 192.168.96.47
  - 192.168.96.48
  service:
    enabled: true
    port: 10381
    targetPort: 10381
  serviceMonitor:
    caFile: /var/run/secrets/kubernetes.io/serviceaccount/ca.crt
    enabled: true
    insecureSkipVerify: false
    scheme: https
`
	if !strings.Contains(string(data), want) {
		t.Errorf("got\n%s", data)
	}
}
