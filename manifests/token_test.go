package manifests

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// TestATokenIsForOneThingAndForMinutes: it lets its holder ask as one of hardway's kubelets, and proves nothing to anybody
// else, as it would if it signed.
func TestATokenIsForOneThingAndForMinutes(t *testing.T) {
	until := time.Date(2026, 11, 21, 19, 0, 0, 0, time.UTC)
	seen := map[string]bool{}
	for range 50 {
		token, err := NewToken(rand.Reader, "kworker1", until)
		must(t, err)
		if !regexp.MustCompile(`^[a-z0-9]{6}\.[a-z0-9]{16}$`).MatchString(token.Bearer) || seen[token.Bearer] {
			t.Fatalf("%q is no token, or not the only one", token.Bearer)
		}
		seen[token.Bearer] = true
		var secret core.Secret
		must(t, runtime.DefaultUnstructuredConverter.FromUnstructured(token.Made().Object.Object, &secret))
		id, word, _ := strings.Cut(token.Bearer, ".")
		data := map[string]string{}
		for key, value := range secret.Data {
			data[key] = string(value)
		}
		if secret.Name != "bootstrap-token-"+id || secret.Type != core.SecretTypeBootstrapToken || data["token-id"] != id || data["token-secret"] != word ||
			data["expiration"] != "2026-11-21T19:00:00Z" || data["auth-extra-groups"] != BootstrapGroup || data["usage-bootstrap-authentication"] != "true" || data["usage-bootstrap-signing"] != "" {
			t.Fatalf("it is known as %s %v", secret.Type, data)
		}
		if token.Taken().Verb != Delete || token.Taken().Object.GetName() != secret.Name {
			t.Errorf("it is taken by %v", token.Taken().Verb)
		}
		if labels := token.Made().Object.GetLabels(); len(labels) != 0 {
			t.Errorf("it belongs to a set: %v", labels)
		}
	}
	if _, err := NewToken(bytes.NewReader(nil), "kworker1", until); err == nil {
		t.Error("without randomness there is a token")
	}
}

func TestOnlyHardwaysTokensMakeNodes(t *testing.T) {
	objects, err := Bootstrap(nil)
	must(t, err)
	for _, o := range objects {
		text, err := json.Marshal(o.Object)
		must(t, err)
		role, _, _ := strings.Cut(strings.SplitAfter(string(text), `"roleRef"`)[1], "}")
		if nodes := strings.Contains(string(text), `"name":"system:nodes"`); nodes != strings.Contains(role, "selfnodeclient") || !nodes && !strings.Contains(string(text), BootstrapGroup) {
			t.Errorf("%s", text)
		}
	}
	if len(objects) != 3 {
		t.Errorf("%d rights", len(objects))
	}
}
