package plan_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"hardway/cluster"
	"hardway/pki"
	"hardway/plan"
	"hardway/test/sample"
)

// about is words of the sample that the explanation of a step has to contain; every other step's has to contain a host.
var about = map[string][]string{
	"validate": {"kmaster1.systemv.local", "192.168.96.49"},
	"binaries fetch": {"https://dl.k8s.io/release/v1.36.3/bin/linux/amd64/kube-apiserver", "/etcd-v3.6.16-linux-amd64.tar.gz", "sha256sum -c",
		"/cni-plugins-linux-amd64-v1.9.1.tgz", "'*/host-local'"},
	"binaries list":          {"bin/kubelet", "bin/cni/bridge", "sha256sum", "v3.6.16"},
	"preflight":              {"root@192.168.96.46", "sport = :2380", "192.168.96.47/2380", "192.168.96.49/10250"},
	"pki addons":             {"DNS:metrics-server.kube-system.svc", "pki/metrics-server.crt"},
	"pki ca":                 {"pki/ca.key", "/CN=kubernetes", "-days 3650"},
	"pki admin":              {"/O=hardway:cluster-admins/CN=kubernetes-admin"},
	"pki service-account":    {"pki/sa.key", "pki/sa.pub"},
	"pki apiserver":          {"DNS:api.systemv.local", "IP:192.168.96.5", "IP:10.32.0.1", "kubernetes.default.svc.cluster.local", "pki/kmaster3/apiserver.crt"},
	"pki etcd":               {"DNS:kmaster1.systemv.local", "IP:192.168.96.46", "pki/kmaster2/etcd-peer.crt"},
	"kubeconfig super-admin": {"--server=https://api.systemv.local:6443"},
	"kubeconfig admin":       {"admin@systemv"},
	"kubeconfig scheduler":   {"--server=https://192.168.96.48:6443", "kubeconfig/kmaster3/scheduler.kubeconfig"},
	"encryption-config":      {"secretbox", "- secrets"},
	"render etcd":            {"--initial-cluster=kmaster1=https://192.168.96.46:2380", "hosts/kmaster2/etc/systemd/system/etcd.service"},
	"render controlplane":    {"--etcd-servers=https://192.168.96.47:2379", "--service-cluster-ip-range=10.32.0.0/24"},
	"render haproxy":         {"server kmaster1 192.168.96.46:6443", "hosts/haproxy2/etc/haproxy/haproxy.cfg"},
	"render manifests":       {"cat >manifests/20-nodes.yaml", "name: kworker1", "clusterIP: 10.32.0.10", "caBundle: $(base64 -w0 pki/ca-bundle.crt)"},
	"apply manifests":        {"--field-manager=hardway", "manifests/40-metrics-server.yaml", "create secret tls metrics-server-serving --namespace=kube-system --cert=pki/metrics-server.crt"},
	"diff":                   {"root@192.168.96.7", "hosts/kmaster1/etc/etcd/pki/server.crt"},
	"distribute":             {"put -f pki/kmaster1/etcd-server.key", "root@192.168.96.8", "UserKnownHostsFile=known_hosts"},
	"apply etcd":             {"root@192.168.96.48", "ETCD_INITIAL_CLUSTER_STATE=new", "https://192.168.96.46:2379,https://192.168.96.47:2379,https://192.168.96.48:2379"},
	"apply controlplane":     {"set server apiservers/kmaster2 state drain", "root@192.168.96.8", "https://192.168.96.47:6443/readyz", "systemctl stop kube-apiserver.service"},
	"apply haproxy":          {"root@192.168.96.8", "for server in kmaster1 kmaster2 kmaster3"},
	"verify":                 {"https://192.168.96.47:6443/readyz", "root@192.168.96.8", "https://192.168.96.49:10250/healthz", "kind: DaemonSet", "/registry/secrets/hardway-verify-by-hand/", "root@192.168.96.49"},
	"etcd verify":            {"member list", "endpoint hashkv", "-connect 192.168.96.47:2380", "pki/etcd-admin.key"},
}

func TestEveryStepIsExplainedForThisCluster(t *testing.T) {
	spec := sample.Spec(t)
	for _, step := range everyStep() {
		t.Run(step, func(t *testing.T) {
			text := explained(t, spec, false, step)
			head, commands, _ := strings.Cut(text, "By hand:\n")
			if len(strings.TrimSpace(head)) < 40 {
				t.Errorf("it does not say what it does and why: %q", head)
			}
			if strings.Count(commands, "\n") < 4 {
				t.Errorf("it says no commands:\n%s", text)
			}
			words := about[step]
			if len(words) == 0 {
				words = []string{"kmaster1", "kworker1"}
			}
			found := slices.DeleteFunc(slices.Clone(words), func(w string) bool { return strings.Contains(commands, w) })
			if len(about[step]) > 0 && len(found) > 0 || len(found) == len(words) {
				t.Errorf("it does not mention %q:\n%s", found, commands)
			}
		})
	}
}

// TestKubeletsThatAskAreExplained: the token is on no command line, and what is approved is held against the spec.
func TestKubeletsThatAskAreExplained(t *testing.T) {
	text := explained(t, sample.Spec(t, func(s *cluster.Spec) { s.Worker.Bootstrap = "token" }), true, "apply worker")
	for _, want := range []string{"bootstrap-token-", "auth-extra-groups: system:bootstrappers:hardway", "umask 077", "cat >/run/hardway/kubelet-bootstrap.kubeconfig",
		"-e DNS:kworker1 -e IPAddress:192.168.96.49", "certificate approve", "rm -f /run/hardway/kubelet-bootstrap.kubeconfig"} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not mention %q", want)
		}
	}
}

func TestMonitoringIsExplained(t *testing.T) {
	spec := sample.Spec(t, func(s *cluster.Spec) { s.Addons.Monitoring, s.Worker.OnMasters = true, true })
	e := &plan.Env{Spec: spec}
	aside, err := plan.Explain(e, []plan.Step{plan.Monitoring(e)}, true).Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	text := explained(t, spec, true, "render manifests", "apply manifests") + strings.Join(aside.Report.Notes, "\n")
	for _, want := range []string{"values.yaml", "192.168.96.46", "hardway.io/certificate: $(sha256sum pki/metrics-proxy.crt | cut -c1-16)", "create secret tls metrics-proxy"} {
		if !strings.Contains(text, want) {
			t.Errorf("it does not mention %q", want)
		}
	}
}

func TestExplanationsFollowTheSpecAndNothingElse(t *testing.T) {
	first, second := explained(t, sample.Spec(t), true, everyStep()...), explained(t, sample.Spec(t), true, everyStep()...)
	if first != second {
		t.Error("the same spec was explained in two ways")
	}
	moved := explained(t, sample.Spec(t, func(s *cluster.Spec) {
		s.Name = "other"
		for i := range s.Hosts {
			s.Hosts[i].Name = strings.Replace(s.Hosts[i].Name, "k", "node-", 1)
			s.Hosts[i].Aliases = nil
			s.Hosts[i].Address[0] = strings.Replace(s.Hosts[i].Address[0], "192.168.96", "10.9.8", 1)
		}
		s.Endpoint.Host, s.LoadBalancer.VirtualIP = "api.example.com", "10.9.8.5"
	}), true, everyStep()...)
	for _, word := range []string{"systemv", "kmaster", "192.168"} {
		if i := strings.Index(moved, word); i >= 0 {
			t.Errorf("another cluster's explanation mentions %s: …%s…", word, moved[max(0, i-60):i+60])
		}
	}
}

// Every command has a comment above it, of one line, and the script is one that bash can read.
func TestScriptIsCommentedBash(t *testing.T) {
	for name, edit := range clusters {
		t.Run(name, func(t *testing.T) {
			spec := sample.Spec(t, edit, reachedOddly)
			for _, s := range plan.Steps(&plan.Env{}) {
				for _, c := range s.ByHand(spec) {
					if c.Says == "" || strings.Contains(c.Says, "\n") || c.Line == "" || c.Line == "false" {
						t.Errorf("%s: a command without its one line of reason: %q\n%s", s.Name(), c.Says, c.Line)
					}
				}
			}
			script := filepath.Join(t.TempDir(), "script.sh")
			if err := os.WriteFile(script, []byte(explained(t, spec, true, everyStep()...)), 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.CommandContext(t.Context(), "bash", "-n", script).CombinedOutput(); err != nil || len(out) > 0 {
				t.Errorf("bash cannot read it: %v\n%s", err, out)
			}
		})
	}
}

func TestExplanationIsDataToo(t *testing.T) {
	spec := sample.Spec(t)
	e := &plan.Env{Spec: spec}
	action, err := plan.Explain(e, []plan.Step{stepNamed(t, e, "apply etcd")}, false).Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(action.Report.Items)
	if err != nil {
		t.Fatal(err)
	}
	var items []struct {
		Step, Summary, Why string
		Commands           []struct{ Host, Says, Line string }
	}
	if err := json.Unmarshal(data, &items); err != nil {
		t.Fatal(err)
	}
	if len(items) != 1 || items[0].Step != "apply etcd" || items[0].Why == "" || len(items[0].Commands) == 0 {
		t.Fatalf("items: %s", data)
	}
	for _, c := range items[0].Commands {
		// What acts on several hosts at once is typed where etcdctl is.
		if c.Host != "" && strings.Contains(c.Line, "ssh ") || c.Host == "" && !strings.Contains(c.Line, "etcdctl") {
			t.Errorf("a command says not where it is typed, or says it twice: %+v", c)
		}
	}
}

func TestEveryKindOfCertificateHasItsReason(t *testing.T) {
	text := explained(t, sample.Spec(t), true, "pki all")
	for _, r := range pki.Catalogue(sample.Spec(t)) {
		_, after, found := strings.Cut(text, "# "+r.ID()+": ")
		if reason, _, _ := strings.Cut(after, "\n"); !found || len(reason) < 20 {
			t.Errorf("%s: its reason is %q", r.ID(), reason)
		}
	}
}
