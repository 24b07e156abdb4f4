package kubeconfig

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	clientcmd "k8s.io/client-go/tools/clientcmd/api/v1"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/pki"
	"hardway/test/sample"
)

const adminFile = "kubeconfig/admin.kubeconfig"

func TestRerunKeepsEverything(t *testing.T) {
	spec := sample.Spec(t)
	store := written(t, spec)
	p := plan(t, store, spec)
	if len(p.Files) > 0 || len(p.Decisions) != len(People(spec)) {
		t.Fatalf("a rerun would write %d files and decided about %d", len(p.Files), len(p.Decisions))
	}
	for _, d := range p.Decisions {
		if d.Action != artifact.Keep || d.Reason == "" {
			t.Errorf("a rerun decides %+v", d)
		}
	}
}

func TestReasons(t *testing.T) {
	tests := map[string]struct {
		change func(t *testing.T, store *pki.Store, spec *cluster.Spec)
		want   string
	}{
		"missing": {
			func(t *testing.T, store *pki.Store, _ *cluster.Spec) {
				must(t, os.Remove(store.WorkDir().Path(adminFile)))
			},
			"is missing",
		},
		"open to others": {
			func(t *testing.T, store *pki.Store, _ *cluster.Spec) {
				must(t, os.Chmod(store.WorkDir().Path(adminFile), 0o644))
			},
			"its mode is 0644, want 0600",
		},
		"another endpoint": {
			func(_ *testing.T, _ *pki.Store, spec *cluster.Spec) { spec.Endpoint.Port = 8443 },
			"its server was https://api.systemv.local:6443",
		},
		"another cluster name": {
			func(_ *testing.T, _ *pki.Store, spec *cluster.Spec) { spec.Name = "other" },
			"its context was admin@systemv",
		},
		"a renewed certificate": {renew(false), "the certificate was renewed"},
		"a new key":             {renew(true), "the key has changed"},
		"a larger bundle": {
			func(t *testing.T, store *pki.Store, _ *cluster.Spec) {
				bundle := store.WorkDir().Path("pki/ca-bundle.crt")
				data, err := os.ReadFile(bundle)
				must(t, err)
				other, err := os.ReadFile(store.WorkDir().Path("pki/etcd-ca.crt"))
				must(t, err)
				must(t, os.WriteFile(bundle, append(data, other...), 0o644))
			},
			"the trust bundle has changed",
		},
		"other bytes of the same meaning": {
			func(t *testing.T, store *pki.Store, _ *cluster.Spec) {
				file := store.WorkDir().Path(adminFile)
				data, err := os.ReadFile(file)
				must(t, err)
				must(t, os.WriteFile(file, append([]byte("# mine\n"), data...), 0o600))
			},
			"it is written in another form",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			spec := sample.Spec(t)
			store := written(t, spec)
			test.change(t, store, spec)
			p := plan(t, store, spec, "admin")
			if len(p.Files) != 1 || p.Decisions[0].Reason != test.want {
				t.Fatalf("decided %+v, want one file written because %q", p.Decisions, test.want)
			}
			commit(t, store, p)
			if again := plan(t, store, spec, "admin"); len(again.Files) > 0 {
				t.Errorf("not settled by writing it: %+v", again.Decisions)
			}
		})
	}
}

// renew issues admin's certificate again, with its key or with a new one.
func renew(key bool) func(*testing.T, *pki.Store, *cluster.Spec) {
	return func(t *testing.T, store *pki.Store, _ *cluster.Spec) {
		must(t, os.Remove(store.WorkDir().Path("pki/admin.crt")))
		if key {
			must(t, os.Remove(store.WorkDir().Path("pki/admin.key")))
		}
		decisions, err := store.Plan(time.Now(), "admin")
		must(t, err)
		must(t, store.Apply(t.Context(), decisions))
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestOnlyTheNamedAreDecidedAbout(t *testing.T) {
	spec := sample.Spec(t)
	p := plan(t, sample.PKI(t, spec), spec, "kubelet")
	if len(p.Files) != 2 || p.Files[0].Path != "kubeconfig/kworker1/kubelet.kubeconfig" {
		t.Errorf("got %+v", p.Decisions)
	}
}

func TestUnknownNameListsTheKnownOnes(t *testing.T) {
	_, err := Plan(artifact.OpenWorkDir(t.TempDir()), sample.Spec(t), "kubelets")
	problems := cluster.ProblemsOf(err)
	if len(problems) != 1 || !strings.Contains(problems[0].Hint, "kube-proxy") {
		t.Errorf("got %+v", problems)
	}
}

func TestEveryMissingCertificateIsNamed(t *testing.T) {
	spec := sample.Spec(t)
	store := sample.PKI(t, spec)
	for _, gone := range []string{"pki/admin.crt", "pki/kworker2/kubelet.key"} {
		must(t, os.Remove(store.WorkDir().Path(gone)))
	}
	_, err := Plan(store.WorkDir(), spec)
	problems := cluster.ProblemsOf(err)
	if len(problems) != 2 || problems[0].Subject != "pki/admin.crt" || problems[1].Subject != "pki/kworker2/kubelet.key" {
		t.Errorf("got %+v", problems)
	}
}

func TestForeignFilesAreNotReplaced(t *testing.T) {
	spec := sample.Spec(t)
	store := written(t, spec)
	file := store.WorkDir().Path(adminFile)
	ours, err := os.ReadFile(file)
	must(t, err)
	tests := map[string][]byte{
		"rubbish":                        []byte("\x00\x01"),
		"another cluster":                bytes.Replace(ours, []byte("clusters:\n"), []byte("clusters:\n- name: work\n  cluster: {server: https://work}\n"), 1),
		"one context of another cluster": stranger(t, store, "work", "admin", "pki/etcd-ca.crt"),
		"another user of this cluster":   stranger(t, store, spec.Name, "bob", "pki/ca-bundle.crt"),
	}
	for name, data := range tests {
		t.Run(name, func(t *testing.T) {
			must(t, os.WriteFile(file, data, 0o600))
			p, err := Plan(store.WorkDir(), spec, "admin")
			problems := cluster.ProblemsOf(err)
			if len(p.Files) > 0 || len(problems) != 1 || problems[0].Subject != adminFile || problems[0].Hint == "" {
				t.Errorf("got %d files and %+v", len(p.Files), problems)
			}
		})
	}
}

// stranger is a whole kubeconfig with one context that no run of ours wrote.
func stranger(t *testing.T, store *pki.Store, clusterName, userName, authority string) []byte {
	t.Helper()
	client, err := store.Client("admin")
	must(t, err)
	ca, err := os.ReadFile(store.WorkDir().Path(authority))
	must(t, err)
	data, err := config(clusterName, userName, clientcmd.Cluster{Server: "https://work", CertificateAuthorityData: ca},
		clientcmd.AuthInfo{ClientCertificateData: client.Cert, ClientKeyData: client.Key})
	must(t, err)
	return data
}
