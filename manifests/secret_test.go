package manifests

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"

	"hardway/cluster"
	"hardway/pki"
	"hardway/test/sample"
)

// TestCertificatesInsideTheCluster holds that the pair goes from pki/ to the API server and to no file, and that API servers
// verify it by what signed it.
func TestCertificatesInsideTheCluster(t *testing.T) {
	spec := sample.Spec(t)
	store := sample.PKI(t, spec)
	pair, err := store.Client("metrics-server")
	must(t, err)
	given, err := From(spec, store)
	must(t, err)
	var secrets, services int
	for _, set := range Sets {
		text, err := set.Render(spec, given)
		must(t, err)
		if bytes.Contains(text, []byte("kind: Secret")) || bytes.Contains(text, []byte("PRIVATE KEY")) ||
			bytes.Contains(text, []byte(base64.StdEncoding.EncodeToString(pair.Key)[:40])) {
			t.Errorf("%s holds a secret", set.File())
		}
		objects, err := set.Secrets(spec, store)
		must(t, err)
		for _, o := range objects {
			var secret core.Secret
			must(t, runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &secret))
			if secrets++; secret.Type != core.SecretTypeTLS || !bytes.Equal(secret.Data["tls.crt"], pair.Cert) || !bytes.Equal(secret.Data["tls.key"], pair.Key) {
				t.Errorf("%s is a %s with other bytes than pki/ has", o, secret.Type)
			}
			if labels := o.GetLabels(); labels[setLabel] != set.Name || !strings.Contains(string(text), "pki/metrics-server.crt") {
				t.Errorf("%s is labelled %v, and %s says nothing of it", o, labels, set.File())
			}
		}
		if objects, err = set.Objects(spec, given); err != nil {
			t.Fatal(err)
		}
		for _, o := range objects {
			if o.GetKind() != "APIService" {
				continue
			}
			var service apiregistration.APIService
			must(t, runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &service))
			bundle, err := store.Bundle(pki.Kubernetes)
			must(t, err)
			if services++; service.Spec.InsecureSkipTLSVerify || !bytes.Equal(service.Spec.CABundle, bundle) {
				t.Errorf("%s is verified by %q, or not at all", o, service.Spec.CABundle)
			}
		}
	}
	if secrets != 1 || services != 1 {
		t.Errorf("%d Secrets and %d APIServices", secrets, services)
	}
}

func TestWithoutMetricsServerNothingIsTrusted(t *testing.T) {
	off := sample.Spec(t, func(s *cluster.Spec) { s.Addons.MetricsServer = new(false) })
	given, err := From(off, sample.PKI(t, off))
	if err != nil || given.Trust != nil {
		t.Errorf("got %q, %v", given.Trust, err)
	}
	for _, r := range pki.Catalogue(off) {
		if r.Secret != (pki.Secret{}) {
			t.Errorf("%s is issued for an addon that is not there", r.ID())
		}
	}
}
