package worker

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	kubeproxy "k8s.io/kube-proxy/config/v1alpha1"
	kubelet "k8s.io/kubelet/config/v1beta1"
	"sigs.k8s.io/yaml"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/kubeconfig"
	"hardway/pki"
)

func kubeletOf(t *testing.T, r rig, host string) kubelet.KubeletConfiguration {
	t.Helper()
	var config kubelet.KubeletConfiguration
	if err := yaml.UnmarshalStrict([]byte(content(t, at(t, r.files(t, host), kubeletPath))), &config); err != nil {
		t.Fatal(err)
	}
	return config
}

func TestConfigsSurviveTheirTypes(t *testing.T) {
	files := newRig(t, onMasters).files(t, "kmaster1")
	for path, object := range map[string]any{kubeletPath: &kubelet.KubeletConfiguration{}, kubeProxyPath: &kubeproxy.KubeProxyConfiguration{}} {
		text := content(t, at(t, files, path))
		if err := yaml.UnmarshalStrict([]byte(text), object); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		again, err := decided(object, []string{"winkernel"})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(text, string(again)); diff != "" {
			t.Errorf("%s loses something (-file +type):\n%s", path, diff)
		}
	}
}

// TestBenchmark holds what the CIS Kubernetes benchmark looks for in a kubelet's configuration and flags.
func TestBenchmark(t *testing.T) {
	r := newRig(t)
	c := kubeletOf(t, r, "kworker1")
	for what, holds := range map[string]bool{
		"4.2.1 anonymous off":                c.Authentication.Anonymous.Enabled != nil && !*c.Authentication.Anonymous.Enabled,
		"4.2.2 not AlwaysAllow":              c.Authorization.Mode == kubelet.KubeletAuthorizationModeWebhook && *c.Authentication.Webhook.Enabled,
		"4.2.3 client CA":                    c.Authentication.X509.ClientCAFile == bundle(),
		"4.2.4 no read-only port":            c.ReadOnlyPort == 0,
		"4.2.5 streaming connections end":    c.StreamingConnectionIdleTimeout.Duration > 0,
		"4.2.6 iptables chains":              *c.MakeIPTablesUtilChains,
		"4.2.8 events are bounded":           c.EventRecordQPS != nil && *c.EventRecordQPS > 0,
		"4.2.9 a serving pair":               c.TLSCertFile != "" && c.TLSPrivateKeyFile != "",
		"4.2.10 premade certificates":        !c.RotateCertificates && !c.ServerTLSBootstrap,
		"4.2.12 strong cipher suites":        !slices.ContainsFunc(c.TLSCipherSuites, func(s string) bool { return !strings.Contains(s, "ECDHE") || !strings.Contains(s, "GCM") }) && len(c.TLSCipherSuites) > 0,
		"4.2.13 pids are bounded":            *c.PodPidsLimit > 0,
		"4.2.14 seccomp by default":          *c.SeccompDefault,
		"4.3.1 kube-proxy's metrics at home": strings.Contains(content(t, at(t, r.files(t, "kworker1"), kubeProxyPath)), "metricsBindAddress: 127.0.0.1:10249"),
	} {
		if !holds {
			t.Error(what)
		}
	}
	for _, f := range kubeletFlags(r.spec, r.node(t, "kworker1")) {
		if f.Name == "hostname-override" {
			t.Error("4.2.7 the node's name is not its hostname")
		}
	}
}

func TestKubeletFollowsTheSpec(t *testing.T) {
	small := func(s *cluster.Spec) { s.Network.NodeMaskSize = 27 }
	both := func(s *cluster.Spec) { s.Hosts[0].Roles = append(s.Hosts[0].Roles, cluster.RoleWorker) }
	loopback := func(s *cluster.Spec) {
		for i := range s.Hosts {
			s.Hosts[i].Address = cluster.OneOrMore{"127.0.0." + string(rune('2'+i))}
		}
		s.LoadBalancer.VirtualIP = ""
	}
	for name, c := range map[string]struct {
		edits []func(*cluster.Spec)
		host  string
		holds func(kubelet.KubeletConfiguration, string) bool
	}{
		"as it comes": {nil, "kworker1", func(c kubelet.KubeletConfiguration, ip string) bool {
			return c.MaxPods == 110 && len(c.RegisterWithTaints) == 0 && c.Address == "0.0.0.0" && ip == "192.168.96.49"
		}},
		"a small share": {[]func(*cluster.Spec){small}, "kworker1", func(c kubelet.KubeletConfiguration, _ string) bool { return c.MaxPods == 29 }},
		"two families": {[]func(*cluster.Spec){dual}, "kworker1", func(c kubelet.KubeletConfiguration, ip string) bool {
			return len(c.ClusterDNS) == 2 && ip == "192.168.96.49,fd00:96::6"
		}},
		"a master": {[]func(*cluster.Spec){onMasters}, "kmaster1", func(c kubelet.KubeletConfiguration, _ string) bool {
			return len(c.RegisterWithTaints) == 1 && c.RegisterWithTaints[0].Key == "node-role.kubernetes.io/control-plane"
		}},
		"a master that is worker": {[]func(*cluster.Spec){both}, "kmaster1", func(c kubelet.KubeletConfiguration, _ string) bool { return len(c.RegisterWithTaints) == 0 }},
		"several on one machine": {[]func(*cluster.Spec){loopback}, "kworker1", func(c kubelet.KubeletConfiguration, _ string) bool {
			return c.Address == "127.0.0.7" && c.HealthzBindAddress == "127.0.0.7"
		}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, c.edits...)
			flags := kubeletFlags(r.spec, r.node(t, c.host))
			if config := kubeletOf(t, r, c.host); !c.holds(config, flags[3].Value) {
				t.Errorf("%s: %s", content(t, at(t, r.files(t, c.host), kubeletPath)), flags[3])
			}
		})
	}
}

// TestAKubeletThatAsksIsGivenNoPair holds that nothing of what a kubelet asks for is delivered, and that it is told where to
// find its token; the rest of the node has what it always has.
func TestAKubeletThatAsksIsGivenNoPair(t *testing.T) {
	r := newRig(t, asking, onMasters)
	for _, host := range []string{"kworker1", "kmaster1"} {
		files := r.files(t, host)
		for _, f := range files {
			if strings.Contains(f.Path, "kubelet.crt") || strings.Contains(f.Path, "kubelet-serving") || strings.HasPrefix(f.Path, kubeconfig.KubeletCertDir) || f.Path == kubeconfig.BootstrapPath {
				t.Errorf("%s is delivered to %s", f.Path, host)
			}
		}
		at(t, files, pki.Key(pki.KubernetesDir, "kube-proxy"))
		c := kubeletOf(t, r, host)
		if !c.RotateCertificates || !c.ServerTLSBootstrap || c.TLSCertFile+c.TLSPrivateKeyFile != "" {
			t.Errorf("%s: %+v", host, c)
		}
		unit := content(t, at(t, files, artifact.UnitDir+"/"+KubeletUnit))
		for _, flag := range []string{"--bootstrap-kubeconfig=/run/hardway/kubelet-bootstrap.kubeconfig", "--cert-dir=/var/lib/kubelet/pki"} {
			if !strings.Contains(unit, flag) {
				t.Errorf("%s: the unit has no %s:\n%s", host, flag, unit)
			}
		}
	}
}
