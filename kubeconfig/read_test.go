package kubeconfig

import (
	"strings"
	"testing"

	"hardway/artifact"
	"hardway/test/sample"
)

// valid refers to files, so that it can be written down.
const valid = `apiVersion: v1
kind: Config
current-context: admin@systemv
clusters:
- name: systemv
  cluster: {server: "https://api.systemv.local:6443", certificate-authority: /ca.crt}
users:
- name: admin
  user: {client-certificate: /admin.crt, client-key: /admin.key}
contexts:
- name: admin@systemv
  context: {cluster: systemv, user: admin}
`

func TestReadRefuses(t *testing.T) {
	tests := map[string]struct{ old, new, want string }{
		"an unknown key":             {"kind: Config", "kind: Config\nknid: Config", "unknown field"},
		"a key given twice":          {"kind: Config", "kind: Config\nkind: Config", "already set"},
		"another kind":               {"kind: Config", "kind: Secret", "kind Config"},
		"no version":                 {"apiVersion: v1\n", "", "apiVersion v1"},
		"no such context":            {"current-context: admin", "current-context: root", `context named "root@systemv", found 0`},
		"no such cluster":            {"{cluster: systemv", "{cluster: other", `cluster named "other", found 0`},
		"no such user":               {"user: admin}", "user: root}", `user named "root", found 0`},
		"two users of the same name": {"users:", "users:\n- name: admin\n  user: {token: x}", `user named "admin", found 2`},
		"http":                       {"https:", "http:", "no https URL"},
		"no host":                    {"https://api.systemv.local:6443", "https://", "no https URL"},
		"no verification":            {"server:", "insecure-skip-tls-verify: true, server:", "does not verify"},
		"no authority":               {", certificate-authority: /ca.crt", "", "authority"},
		"an authority given twice":   {"certificate-authority:", "certificate-authority-data: YQ==, certificate-authority:", "authority"},
		"an authority that is none":  {"certificate-authority: /ca.crt", "certificate-authority-data: YQ==", "no certificate"},
		"no key":                     {", client-key: /admin.key", "", "certificate and key"},
		"a pair that is none":        {"client-certificate: /admin.crt, client-key: /admin.key", "client-certificate-data: YQ==, client-key-data: YQ==", "no pair"},
		"base64 that is none":        {"certificate-authority: /ca.crt", "certificate-authority-data: '*'", "base64"},
	}
	if _, err := Read([]byte(valid)); err != nil {
		t.Fatalf("refuses what the cases start from: %v", err)
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(valid, test.old, test.new, 1)
			if text == valid {
				t.Fatal("the case changes nothing")
			}
			_, err := Read([]byte(text))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want it to say %q", err, test.want)
			}
		})
	}
}

func TestReadNeverRepeatsAKey(t *testing.T) {
	spec := sample.Spec(t)
	for _, f := range plan(t, sample.PKI(t, spec), spec, "admin").Files {
		k, err := Read(f.Data)
		if err != nil {
			t.Fatal(err)
		}
		_, key, _ := strings.Cut(string(f.Data), "client-key-data: ")
		key, _, _ = strings.Cut(key, "\n")
		for _, broken := range []string{
			strings.Replace(string(f.Data), key, key[:len(key)-8], 1),
			strings.Replace(string(f.Data), key, "["+key+"]", 1),
			strings.Replace(string(f.Data), "client-key-data: ", "client-key-data\t", 1),
			strings.Replace(string(f.Data), "client-key-data: ", "", 1),
		} {
			_, err := Read([]byte(broken))
			if err == nil {
				t.Fatal("accepts a broken kubeconfig")
			}
			if strings.Contains(err.Error(), key[40:80]) || strings.Contains(err.Error(), string(k.Key[40:80])) {
				t.Errorf("the error repeats the key: %v", err)
			}
		}
	}
}

// FuzzRead holds that Read never panics and that what it accepts can be used: what comes out resolves to one server and
// one way to present oneself.
func FuzzRead(f *testing.F) {
	f.Add([]byte(valid))
	f.Add([]byte(""))
	f.Add([]byte("{}"))
	f.Add([]byte("\t"))
	f.Fuzz(func(t *testing.T, data []byte) {
		k, err := Read(data)
		if err != nil {
			return
		}
		if !strings.HasPrefix(strings.ToLower(k.Server), "https://") || (len(k.Key) == 0) == (k.Files.Key == "") {
			t.Errorf("accepted %q, which gives %+v", artifact.Digest(data), k)
		}
	})
}
