package kubeconfig

import (
	"crypto/x509"
	"os"
	"os/exec"
	"path"
	"strings"
	"testing"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/pki"
	"hardway/test/sample"
)

// written is a store whose work directory holds every kubeconfig.
func written(t *testing.T, spec *cluster.Spec) *pki.Store {
	t.Helper()
	store := sample.PKI(t, spec)
	commit(t, store, plan(t, store, spec))
	return store
}

func plan(t *testing.T, store *pki.Store, spec *cluster.Spec, names ...string) artifact.Plan {
	t.Helper()
	p, err := Plan(store.WorkDir(), spec, names...)
	if err != nil {
		t.Fatalf("failed to plan: %v", err)
	}
	return p
}

func commit(t *testing.T, store *pki.Store, p artifact.Plan) {
	t.Helper()
	if err := store.WorkDir().Commit(p.Files); err != nil {
		t.Fatalf("failed to commit: %v", err)
	}
}

func TestTableOfFiles(t *testing.T) {
	var got []string
	for _, e := range People(sample.Spec(t)) {
		got = append(got, e.File+" "+e.Server)
	}
	want := []string{
		"kubeconfig/super-admin.kubeconfig https://api.systemv.local:6443",
		"kubeconfig/admin.kubeconfig https://api.systemv.local:6443",
		"kubeconfig/kmaster1/controller-manager.kubeconfig https://192.168.96.46:6443",
		"kubeconfig/kmaster2/controller-manager.kubeconfig https://192.168.96.47:6443",
		"kubeconfig/kmaster3/controller-manager.kubeconfig https://192.168.96.48:6443",
		"kubeconfig/kmaster1/scheduler.kubeconfig https://192.168.96.46:6443",
		"kubeconfig/kmaster2/scheduler.kubeconfig https://192.168.96.47:6443",
		"kubeconfig/kmaster3/scheduler.kubeconfig https://192.168.96.48:6443",
		"kubeconfig/kworker1/kubelet.kubeconfig https://api.systemv.local:6443",
		"kubeconfig/kworker2/kubelet.kubeconfig https://api.systemv.local:6443",
		"kubeconfig/kworker1/kube-proxy.kubeconfig https://api.systemv.local:6443",
		"kubeconfig/kworker2/kube-proxy.kubeconfig https://api.systemv.local:6443",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestServerWithIPv6IsInBrackets(t *testing.T) {
	node := cluster.Node{Name: "kmaster1", Address: cluster.OneOrMore{"fd00:96::46"}}
	f, err := OnHost(&cluster.Spec{Name: "systemv"}, node, "scheduler")
	if err != nil {
		t.Fatal(err)
	}
	data, err := artifact.ReadAll(f.Content)
	if err != nil {
		t.Fatal(err)
	}
	k, err := Read(data)
	if err != nil || k.Server != "https://[fd00:96::46]:6443" {
		t.Errorf("got server %q and error %v", k.Server, err)
	}
}

func TestClientGoLoadsEach(t *testing.T) {
	spec := sample.Spec(t)
	store := written(t, spec)
	for _, e := range People(spec) {
		t.Run(e.File, func(t *testing.T) {
			config, err := clientcmd.LoadFromFile(store.WorkDir().Path(e.File))
			if err != nil {
				t.Fatal(err)
			}
			if want := e.name() + "@systemv"; config.CurrentContext != want {
				t.Errorf("context %q, want %q", config.CurrentContext, want)
			}
			client, err := clientcmd.NewDefaultClientConfig(*config, &clientcmd.ConfigOverrides{}).ClientConfig()
			if err != nil {
				t.Fatal(err)
			}
			if client.Host != e.Server {
				t.Errorf("dials %q, want %q", client.Host, e.Server)
			}
			holdsItsCertificate(t, store, e, client)
		})
	}
}

// subject is whom each user is to the API server, as the Kubernetes documentation has it.
func subject(e Entry) string {
	return map[string]string{
		"super-admin": "kubernetes-super-admin", "admin": "kubernetes-admin",
		"controller-manager": "system:kube-controller-manager", "scheduler": "system:kube-scheduler",
		"kubelet": "system:node:" + e.Node, "kube-proxy": "system:kube-proxy",
	}[e.User.Name]
}

// holdsItsCertificate holds that the API server would take the client for whom it should: a leaf of its own, whose
// issuer is in the bundle it also verifies the server by.
func holdsItsCertificate(t *testing.T, store *pki.Store, e Entry, client *rest.Config) {
	t.Helper()
	config, err := rest.TLSConfigFor(client)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := config.GetClientCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	if leaf.Subject.CommonName != subject(e) {
		t.Errorf("presents %q, want %q", leaf.Subject.CommonName, subject(e))
	}
	usages := []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: config.RootCAs, KeyUsages: usages}); err != nil {
		t.Errorf("its bundle does not verify it: %v", err)
	}
	if want, err := store.Certificate(path.Join(e.Node, e.User.Name)); err != nil || !leaf.Equal(want) {
		t.Errorf("presents another certificate than pki/%s/%s.crt (%v)", e.Node, e.User.Name, err)
	}
}

func TestKubectlAcceptsEach(t *testing.T) {
	kubectl, err := exec.LookPath("kubectl")
	if err != nil {
		t.Fatalf("this test needs kubectl: %v", err)
	}
	spec := sample.Spec(t)
	store := written(t, spec)
	for _, e := range People(spec) {
		view := exec.Command(kubectl, "config", "view", "--minify", "--kubeconfig", store.WorkDir().Path(e.File),
			"-o", "jsonpath={.clusters[0].cluster.server} {.users[0].name} {.current-context}")
		view.Env = append(os.Environ(), "HOME="+t.TempDir())
		out, err := view.CombinedOutput()
		if err != nil {
			t.Errorf("kubectl refuses %s: %v\n%s", e.File, err, out)
		}
		if want := e.Server + " " + e.name() + " " + e.name() + "@systemv"; string(out) != want {
			t.Errorf("kubectl reads %q from %s, want %q", out, e.File, want)
		}
	}
}

func TestFilesAreSecret(t *testing.T) {
	spec := sample.Spec(t)
	store := written(t, spec)
	for _, e := range People(spec) {
		info, err := os.Stat(store.WorkDir().Path(e.File))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", e.File, info.Mode())
		}
	}
}

func TestHostCopiesReferToDeliveredFiles(t *testing.T) {
	spec := sample.Spec(t)
	store := sample.PKI(t, spec)
	for _, u := range Users() {
		if u.Component == "" {
			continue
		}
		for _, node := range u.nodes(spec) {
			f, err := OnHost(spec, node, u.Name)
			if err != nil {
				t.Fatal(err)
			}
			if f.Mode != 0o600 || f.Secret || f.Component != u.Component || f.Path != "/etc/kubernetes/"+u.Name+".kubeconfig" {
				t.Errorf("unexpected file: %+v", f)
			}
			refersTo(t, f, delivered(t, store, node, u.Component))
		}
	}
}

// delivered is the paths of the PKI files that a node gets for a component.
func delivered(t *testing.T, store *pki.Store, node cluster.Node, component string) map[string]bool {
	t.Helper()
	files, err := store.Files(node, component)
	if err != nil {
		t.Fatal(err)
	}
	paths := map[string]bool{}
	for _, f := range files {
		paths[f.Path] = true
	}
	return paths
}

func refersTo(t *testing.T, f artifact.File, there map[string]bool) {
	t.Helper()
	data, err := artifact.ReadAll(f.Content)
	if err != nil {
		t.Fatal(err)
	}
	k, err := Read(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{k.Files.CA, k.Files.Certificate, k.Files.Key} {
		if !path.IsAbs(p) || !there[p] {
			t.Errorf("%s names %q, which is not delivered", f.Path, p)
		}
	}
}

func TestOffHostUsersHaveNoHostCopy(t *testing.T) {
	for _, name := range []string{"super-admin", "admin", "nobody"} {
		if f, err := OnHost(sample.Spec(t), cluster.Node{Name: "kmaster1"}, name); err == nil {
			t.Errorf("%s got %s", name, f.Path)
		}
	}
}
