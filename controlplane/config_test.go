package controlplane

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apiserver/pkg/apis/apiserver"
	"k8s.io/apiserver/pkg/apis/apiserver/install"
	apiserverv1 "k8s.io/apiserver/pkg/apis/apiserver/v1"
	"k8s.io/apiserver/pkg/apis/apiserver/validation"
	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"
	"k8s.io/apiserver/pkg/audit/policy"
	authenticationcel "k8s.io/apiserver/pkg/authentication/cel"
	schedulerv1 "k8s.io/kube-scheduler/config/v1"
	"sigs.k8s.io/yaml"
)

func TestConfigsSurviveTheirTypes(t *testing.T) {
	files := newMaster(t).files(t)
	for path, object := range map[string]any{
		authenticationPath: &apiserverv1.AuthenticationConfiguration{},
		encryptionPath:     &apiserverv1.EncryptionConfiguration{},
		auditPolicyPath:    &auditv1.Policy{},
		schedulerPath:      &schedulerv1.KubeSchedulerConfiguration{},
	} {
		text := content(t, at(t, files, path))
		if err := yaml.UnmarshalStrict([]byte(text), object); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		again, err := yaml.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(text, string(again)); diff != "" {
			t.Errorf("%s loses something (-file +type):\n%s", path, diff)
		}
	}
}

func TestAPIServerAcceptsTheAuditPolicy(t *testing.T) {
	text := content(t, at(t, newMaster(t).files(t), auditPolicyPath))
	loaded, err := policy.LoadPolicyFromBytes([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(loaded.Rules) != len(auditRules()) {
		t.Errorf("%d rules were loaded of %d", len(loaded.Rules), len(auditRules()))
	}
}

func TestAPIServerAcceptsTheAuthentication(t *testing.T) {
	scheme := runtime.NewScheme()
	install.Install(scheme)
	config := decode[*apiserver.AuthenticationConfiguration](t, scheme, apiserver.SchemeGroupVersion, content(t, at(t, newMaster(t).files(t), authenticationPath)))
	if errs := validation.ValidateAuthenticationConfiguration(authenticationcel.NewDefaultCompiler(), config, nil); len(errs) > 0 {
		t.Error(errs.ToAggregate())
	}
	var paths []string
	for _, c := range config.Anonymous.Conditions {
		paths = append(paths, c.Path)
	}
	if diff := cmp.Diff([]string{"/livez", "/readyz", "/healthz"}, paths); diff != "" || !config.Anonymous.Enabled {
		t.Errorf("anonymous requests may reach (-want +got):\n%s", diff)
	}
}

func TestSchedulerAcceptsItsConfiguration(t *testing.T) {
	scheme := runtime.NewScheme()
	if err := schedulerv1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	config := decode[*schedulerv1.KubeSchedulerConfiguration](t, scheme, schedulerv1.SchemeGroupVersion, content(t, at(t, newMaster(t).files(t), schedulerPath)))
	if config.ClientConnection.Kubeconfig != "/etc/kubernetes/scheduler.kubeconfig" || !*config.LeaderElection.LeaderElect || *config.EnableProfiling {
		t.Errorf("got %+v", config)
	}
}

// decode is how Kubernetes' own components read a configuration: by group, version and kind, strictly, and to the version
// they work with.
func decode[T runtime.Object](t *testing.T, scheme *runtime.Scheme, to schema.GroupVersion, text string) T {
	t.Helper()
	object, _, err := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDecoder(to).Decode([]byte(text), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	config, ok := object.(T)
	if !ok {
		t.Fatalf("decodes to %T", object)
	}
	return config
}
