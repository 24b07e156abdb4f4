package rollout

import (
	"encoding/base64"
	"testing"
)

// What could give a secret away is taken for one, also in a file that should hold none.
func TestSecretsAreToldFromText(t *testing.T) {
	block := func(kind string) string {
		return "-----BEGIN " + kind + "-----\nMC4CAQ==\n-----END " + kind + "-----\n"
	}
	secrets := []string{
		"password: x", "  token: abc", "- secret: c2VjcmV0", `"client-key-data": "LS0t"`, "user admin insecure-password x",
		`{"users":[{"name":"a","user":{"token":"abc"}}]}`, "keys: [{name: key1, secret: c2VjcmV0}]",
		"    stats auth admin:x", "    auth_pass x",
	}
	for _, kind := range []string{"PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "OPENSSH PRIVATE KEY"} {
		secrets = append(secrets, block(kind), "data: "+base64.StdEncoding.EncodeToString([]byte(block(kind))))
	}
	for _, text := range secrets {
		if !secretive([]byte("# a file\n" + text + "\n")) {
			t.Errorf("shown: %s", text)
		}
	}
	for _, text := range []string{
		block("CERTIFICATE"), "data: " + base64.StdEncoding.EncodeToString([]byte(block("CERTIFICATE"))),
		"--service-account-key-file=/etc/kubernetes/pki/sa.pub", "  - secrets", "tokens:\n", "secret:\n  name: x", "stats enable", "secret: {name: x}",
	} {
		if secretive([]byte(text)) {
			t.Errorf("hidden: %s", text)
		}
	}
}
