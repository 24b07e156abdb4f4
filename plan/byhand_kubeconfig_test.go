package plan_test

import (
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiserver "k8s.io/apiserver/pkg/apis/apiserver/v1"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/yaml"

	"hardway/cluster"
	"hardway/controlplane"
	"hardway/kubeconfig"
	"hardway/pki"
	"hardway/test/sample"
)

func sameKubeconfigs(t *testing.T, spec *cluster.Spec, hand, ours string) {
	t.Helper()
	for _, e := range kubeconfig.People(spec) {
		got, want := loaded(t, hand, e.File), loaded(t, ours, e.File)
		if diff := cmp.Diff(joints(want), joints(got)); diff != "" {
			t.Errorf("%s (- by hardway, + by hand):\n%s", e.File, diff)
		}
		context := got.Contexts[got.CurrentContext]
		user, server := got.AuthInfos[context.AuthInfo], got.Clusters[context.Cluster]
		if _, err := tls.X509KeyPair(user.ClientCertificateData, user.ClientKeyData); err != nil {
			t.Errorf("%s: certificate and key are no pair: %v", e.File, err)
		}
		if !bytes.Equal(user.ClientCertificateData, read(t, hand, pki.CertFile(e.Node, e.User.Name))) {
			t.Errorf("%s holds another certificate than %s", e.File, pki.CertFile(e.Node, e.User.Name))
		}
		if !bytes.Equal(server.CertificateAuthorityData, read(t, hand, pki.File(pki.KubernetesBundle))) {
			t.Errorf("%s trusts something else than %s", e.File, pki.KubernetesBundle)
		}
	}
}

func loaded(t *testing.T, dir, file string) *api.Config {
	t.Helper()
	config, err := clientcmd.LoadFromFile(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	if err := clientcmd.ConfirmUsable(*config, ""); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return config
}

// joints is a kubeconfig without the bytes of its certificates, which two runs never have in common.
func joints(c *api.Config) map[string]any {
	out := map[string]any{"current": c.CurrentContext}
	for name, s := range c.Clusters {
		out["cluster "+name] = []any{s.Server, s.InsecureSkipTLSVerify, s.CertificateAuthority, len(s.CertificateAuthorityData) > 0}
	}
	for name, u := range c.AuthInfos {
		out["user "+name] = []any{u.Username, u.Token, u.ClientCertificate, u.ClientKey, len(u.ClientCertificateData) > 0, len(u.ClientKeyData) > 0}
	}
	for name, x := range c.Contexts {
		out["context "+name] = []any{x.Cluster, x.AuthInfo, x.Namespace}
	}
	return out
}

// sameEncryption compares all but the keys, which are 32 random bytes each.
func sameEncryption(t *testing.T, hand, ours string) {
	t.Helper()
	got, gotKeys := encryption(t, hand)
	want, wantKeys := encryption(t, ours)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (- by hardway, + by hand):\n%s", controlplane.EncryptionFile, diff)
	}
	for i, key := range gotKeys {
		bytes, err := base64.StdEncoding.DecodeString(key)
		if err != nil || len(bytes) != 32 {
			t.Errorf("key %d by hand has %d bytes (%v), want 32", i, len(bytes), err)
		}
		if key == wantKeys[i] {
			t.Errorf("key %d is the same by hand and by hardway", i)
		}
	}
}

// encryption is the configuration with its keys taken out.
func encryption(t *testing.T, dir string) (config apiserver.EncryptionConfiguration, keys []string) {
	t.Helper()
	if err := yaml.UnmarshalStrict(read(t, dir, controlplane.EncryptionFile), &config); err != nil {
		t.Fatal(err)
	}
	for _, r := range config.Resources {
		for _, p := range r.Providers {
			for _, list := range [][]apiserver.Key{keysOf(p.Secretbox), aesKeys(p.AESCBC), aesKeys(p.AESGCM)} {
				for i := range list {
					keys = append(keys, list[i].Secret)
					list[i].Secret = ""
				}
			}
		}
	}
	return config, keys
}

func keysOf(c *apiserver.SecretboxConfiguration) []apiserver.Key {
	if c == nil {
		return nil
	}
	return c.Keys
}

func aesKeys(c *apiserver.AESConfiguration) []apiserver.Key {
	if c == nil {
		return nil
	}
	return c.Keys
}

func TestPrintedEncryptionConfigIsHardwaysForEveryProvider(t *testing.T) {
	for provider, keys := range map[string]int{"secretbox": 1, "aescbc": 1, "aesgcm": 1, "kms": 0} {
		t.Run(provider, func(t *testing.T) {
			spec := sample.Spec(t, func(s *cluster.Spec) {
				s.Encryption = cluster.Encryption{Provider: provider, Resources: []string{"secrets", "configmaps", "*.example.com"}}
				s.Waive = []string{"encryption-aesgcm"}
				if provider == "kms" {
					s.Encryption.KMS = cluster.KMS{Name: "vault", Endpoint: "unix:///run/a $HOME `id`/kms.sock"}
				}
			})
			hand, ours := t.TempDir(), t.TempDir()
			byHand(t, hand, spec, "encryption-config")
			byHardway(t, ours, spec, "encryption-config")
			sameEncryption(t, hand, ours)
			if _, found := encryption(t, hand); len(found) != keys {
				t.Errorf("%d keys by hand, want %d", len(found), keys)
			}
		})
	}
}
