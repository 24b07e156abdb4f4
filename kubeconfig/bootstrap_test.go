package kubeconfig

import (
	"testing"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/test/sample"
)

func asking(s *cluster.Spec) { s.Worker.Bootstrap = "token" }

// TestAKubeletWithoutCertificate: what holds its token is in memory and for its owner alone, and shown by nobody; its own
// kubeconfig names what it will have, and dials and trusts the same.
func TestAKubeletWithoutCertificate(t *testing.T) {
	spec := sample.Spec(t, asking)
	bootstrap, err := WithToken(spec, "abcdef.0123456789abcdef")
	if err != nil {
		t.Fatal(err)
	}
	if bootstrap.Path != "/run/hardway/kubelet-bootstrap.kubeconfig" || bootstrap.Mode != 0o600 || !bootstrap.Secret {
		t.Errorf("%s has mode %v, secret: %v", bootstrap.Path, bootstrap.Mode, bootstrap.Secret)
	}
	own, err := OnHost(spec, sample.Node(t, spec, "kworker1"), "kubelet")
	if err != nil {
		t.Fatal(err)
	}
	first, later := read(t, bootstrap), read(t, own)
	if first.Host != spec.EndpointURL() || first.Host != later.Host || first.CAFile != later.CAFile || first.CertFile != "" || first.BearerToken == "" ||
		later.CertFile != KubeletClientPair || later.KeyFile != KubeletClientPair || later.BearerToken != "" || own.Secret {
		t.Errorf("first %+v, later %+v", first, later)
	}
	for _, e := range People(spec) {
		if e.User.Name == "kubelet" {
			t.Errorf("%s is wanted, and nobody has its certificate", e.File)
		}
	}
}

// read is the current context, as client-go sees it.
func read(t *testing.T, f artifact.File) *rest.Config {
	t.Helper()
	data, err := artifact.ReadAll(f.Content)
	if err != nil {
		t.Fatal(err)
	}
	config, err := clientcmd.NewClientConfigFromBytes(data)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := config.RawConfig()
	if err != nil {
		t.Fatal(err)
	}
	context := raw.Contexts[raw.CurrentContext]
	user, server := raw.AuthInfos[context.AuthInfo], raw.Clusters[context.Cluster]
	return &rest.Config{Host: server.Server, BearerToken: user.Token, TLSClientConfig: rest.TLSClientConfig{
		CAFile: server.CertificateAuthority, CertFile: user.ClientCertificate, KeyFile: user.ClientKey,
	}}
}
