package controlplane

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/server/options/encryptionconfig"
	storage "k8s.io/apiserver/pkg/storage/value"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/test/sample"
)

// fixed is a source of randomness that gives the same byte again and again.
type fixed byte

func (f fixed) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(f)
	}
	return len(p), nil
}

// noRandom fails the test that asks it: a key would be made.
type noRandom struct{ t *testing.T }

func (n noRandom) Read([]byte) (int, error) {
	n.t.Error("asked for randomness although a key exists")
	return 0, errors.New("no randomness")
}

func encrypted(provider string, resources ...string) func(*cluster.Spec) {
	return func(s *cluster.Spec) {
		s.Encryption = cluster.Encryption{Provider: provider, Resources: resources}
		if provider == "kms" {
			s.Encryption.KMS = cluster.KMS{Name: "vault", Endpoint: "unix:///run/vault-kms.sock"}
		}
		s.Waive = []string{"encryption-aesgcm"}
	}
}

func made(t *testing.T, spec *cluster.Spec, source byte) *artifact.WorkDir {
	t.Helper()
	w := artifact.OpenWorkDir(t.TempDir())
	p, err := PlanEncryption(w, spec, fixed(source))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(p.Files); err != nil {
		t.Fatal(err)
	}
	return w
}

func standing(t *testing.T, w *artifact.WorkDir) string {
	t.Helper()
	data, err := os.ReadFile(w.Path(EncryptionFile))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestAPIServerLoadsTheConfiguration(t *testing.T) {
	for _, provider := range []string{"secretbox", "aescbc", "aesgcm"} {
		t.Run(provider, func(t *testing.T) {
			w := made(t, sample.Spec(t, encrypted(provider, "secrets", "configmaps")), 7)
			loaded, err := encryptionconfig.LoadEncryptionConfig(t.Context(), w.Path(EncryptionFile), true, "test")
			if err != nil {
				t.Fatal(err)
			}
			for _, resource := range []string{"secrets", "configmaps"} {
				transformer := loaded.Transformers[schema.GroupResource{Resource: resource}]
				if transformer == nil {
					t.Fatalf("%s is not encrypted", resource)
				}
				stored, err := transformer.TransformToStorage(t.Context(), []byte("plain"), storage.DefaultContext("/k"))
				if want := "k8s:enc:" + provider + ":v1:key1:"; err != nil || !strings.HasPrefix(string(stored), want) {
					t.Errorf("%s is stored as %.24q (%v), want %s…", resource, stored, err, want)
				}
				back, stale, err := transformer.TransformFromStorage(t.Context(), []byte("plain"), storage.DefaultContext("/k"))
				if err != nil || !stale || string(back) != "plain" {
					t.Errorf("what was stored before encryption: %q, stale %v, %v", back, stale, err)
				}
			}
		})
	}
}

func TestKeyIsThirtyTwoRandomBytes(t *testing.T) {
	w := made(t, sample.Spec(t), 7)
	want := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))
	if text := standing(t, w); !strings.Contains(text, "name: key1") || !strings.Contains(text, "secret: "+want+"\n") {
		t.Errorf("got %s", text)
	}
	info, err := os.Stat(w.Path(EncryptionFile))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, error %v", info.Mode(), err)
	}
}

func TestShortRandomnessMakesNoKey(t *testing.T) {
	w := artifact.OpenWorkDir(t.TempDir())
	p, err := PlanEncryption(w, sample.Spec(t), bytes.NewReader(make([]byte, 31)))
	if err == nil || len(p.Files) > 0 {
		t.Errorf("planned %d files, error %v", len(p.Files), err)
	}
}

func TestKMSNamesAPlugin(t *testing.T) {
	w := made(t, sample.Spec(t, encrypted("kms", "secrets")), 7)
	if text := standing(t, w); !strings.Contains(text, "endpoint: unix:///run/vault-kms.sock") || strings.Contains(text, "secret:") {
		t.Errorf("got %s", text)
	}
	again, err := PlanEncryption(w, sample.Spec(t, encrypted("kms", "secrets")), noRandom{t})
	if err != nil || len(again.Files) > 0 {
		t.Errorf("a rerun writes %d files, error %v", len(again.Files), err)
	}
}

func TestKMSPluginMayMoveButNotChangeItsName(t *testing.T) {
	spec := sample.Spec(t, encrypted("kms", "secrets"))
	w := made(t, spec, 7)
	spec.Encryption.KMS.Endpoint = "unix:///run/other.sock"
	p, err := PlanEncryption(w, spec, noRandom{t})
	if err != nil || len(p.Files) != 1 || !strings.Contains(string(p.Files[0].Data), "endpoint: unix:///run/other.sock") {
		t.Errorf("planned %+v, error %v", p.Decisions, err)
	}
	spec.Encryption.KMS.Name = "other"
	if p, err = PlanEncryption(w, spec, noRandom{t}); err == nil || len(p.Files) > 0 {
		t.Errorf("planned %+v for another name", p.Decisions)
	}
}

func TestExistingKeyStays(t *testing.T) {
	tests := map[string]struct {
		resources []string
		want      string
	}{
		"the same spec":     {[]string{"secrets"}, "a key that exists stays"},
		"another resource":  {[]string{"secrets", "configmaps"}, "encrypts configmaps too, with the key it has"},
		"other resources":   {[]string{"configmaps"}, "encrypts configmaps too, with the key it has; secrets stays listed, so that what is stored can be read"},
		"resources reduced": {[]string{"configmaps", "secrets"}, "encrypts configmaps too, with the key it has"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := made(t, sample.Spec(t), 7)
			p, err := PlanEncryption(w, sample.Spec(t, encrypted("secretbox", test.resources...)), noRandom{t})
			if err != nil || len(p.Decisions) != 1 || p.Decisions[0].Reason != test.want {
				t.Fatalf("decided %+v, error %v, want %q", p.Decisions, err, test.want)
			}
			if err := w.Commit(p.Files); err != nil {
				t.Fatal(err)
			}
			have, err := parseEncryption([]byte(standing(t, w)))
			if err != nil {
				t.Fatal(err)
			}
			if got := have.Resources[0].Providers[0].Secretbox.Keys[0].Secret; got != base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)) {
				t.Error("the key is another one")
			}
			for _, r := range append(test.resources, "secrets") {
				if !listed(have, r) {
					t.Errorf("%s is not listed", r)
				}
			}
		})
	}
}

// TestWhatOnlyARotationMayChange holds that nothing is planned where it would make stored values unreadable.
func TestWhatOnlyARotationMayChange(t *testing.T) {
	rendered := func(t *testing.T, w *artifact.WorkDir) {
		tree := artifact.Tree{Node: "kmaster2"}.Replace(Component, []artifact.File{Encryption{[]byte(standing(t, w))}.file()})
		locals, err := tree.Locals()
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Commit(locals); err != nil {
			t.Fatal(err)
		}
	}
	tests := map[string]struct {
		before func(*testing.T, *artifact.WorkDir)
		spec   func(*cluster.Spec)
		want   string
	}{
		"another provider":                         {func(*testing.T, *artifact.WorkDir) {}, encrypted("aescbc", "secrets"), "encrypts secrets with secretbox, and the spec says aescbc"},
		"another resource on masters that may run": {rendered, encrypted("secretbox", "secrets", "configmaps"), "does not encrypt configmaps"},
		"a fresh checkout without the file": {func(t *testing.T, w *artifact.WorkDir) {
			rendered(t, w)
			if err := os.Remove(w.Path(EncryptionFile)); err != nil {
				t.Fatal(err)
			}
		}, encrypted("secretbox", "secrets"), "is missing, and this host was rendered with one"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := made(t, sample.Spec(t), 7)
			test.before(t, w)
			p, err := PlanEncryption(w, sample.Spec(t, test.spec), noRandom{t})
			problems := cluster.ProblemsOf(err)
			if len(p.Files) > 0 || len(problems) != 1 || !strings.Contains(problems[0].Message, test.want) || problems[0].Hint == "" {
				t.Errorf("planned %d files, %+v, want it to say %q", len(p.Files), problems, test.want)
			}
		})
	}
}

func TestRotationUnderWayIsKept(t *testing.T) {
	w := made(t, sample.Spec(t), 7)
	second := "\n      - name: key2\n        secret: " + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{8}, 32))
	first := "secret: " + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))
	text := strings.Replace(standing(t, w), first, first+second, 1)
	if err := os.WriteFile(w.Path(EncryptionFile), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := PlanEncryption(w, sample.Spec(t), noRandom{t})
	if err != nil || len(p.Files) > 0 {
		t.Errorf("planned %+v, error %v\n%s", p.Decisions, err, text)
	}
}

func TestUnusableFileIsOneClearError(t *testing.T) {
	good := standing(t, made(t, sample.Spec(t), 7))
	key := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))
	short := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 31))
	tests := map[string]struct{ text, want string }{
		"empty":                     {" \n", "is empty"},
		"no YAML":                   {"\tresources: " + key, "cannot be used"},
		"no configuration":          {key, "cannot be used"},
		"another kind":              {strings.Replace(good, "EncryptionConfiguration", "Secret", 1), "want apiVersion"},
		"an unknown key":            {good + "rsources: []\n", "unknown field"},
		"31 bytes":                  {strings.Replace(good, key, short, 1), "resources[0].providers[0].secretbox.keys[0].secret of key1: is 31 bytes long, want 32"},
		"no base64":                 {strings.Replace(good, key, key[1:], 1), "is no base64"},
		"a key as a list":           {strings.Replace(good, key, "["+key+"]", 1), "cannot be used"},
		"no key":                    {strings.Replace(good, "      - name: key1\n        secret: "+key+"\n", "", 1), "keys: is empty"},
		"no name":                   {strings.Replace(good, "name: key1", "name: ''", 1), "want a name"},
		"no provider":               {strings.Replace(good, "identity: {}", "{}", 1), "exactly one provider, found 0"},
		"two providers in an entry": {strings.Replace(good, "- secretbox:", "- identity: {}\n    secretbox:", 1), "exactly one provider, found 2"},
		"no resources":              {"apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\n", "resources: is empty"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if test.text == good {
				t.Fatal("the case changes nothing")
			}
			w := artifact.OpenWorkDir(t.TempDir())
			if err := os.WriteFile(w.Path(EncryptionFile), []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, load := LoadEncryption(w)
			p, err := PlanEncryption(w, sample.Spec(t), noRandom{t})
			problems := cluster.ProblemsOf(err)
			if len(p.Files) > 0 || len(problems) != 1 || problems[0].Subject != EncryptionFile || !strings.Contains(problems[0].Message, test.want) {
				t.Errorf("planned %d files, %+v, want it to say %q", len(p.Files), problems, test.want)
			}
			if load == nil || load.Error() != err.Error() {
				t.Errorf("loading says %v, planning %v", load, err)
			}
			if strings.Contains(err.Error(), key[:12]) {
				t.Errorf("the error repeats the key: %v", err)
			}
			if standing(t, w) != test.text {
				t.Error("the file was changed")
			}
		})
	}
}

func TestOpenFileIsRefused(t *testing.T) {
	w := made(t, sample.Spec(t), 7)
	if err := os.Chmod(w.Path(EncryptionFile), 0o640); err != nil {
		t.Fatal(err)
	}
	_, err := LoadEncryption(w)
	if problems := cluster.ProblemsOf(err); len(problems) != 1 || !strings.Contains(problems[0].Hint, "chmod 600") {
		t.Errorf("got %+v", problems)
	}
}

func TestLinkThatLeadsNowhereIsNotReplaced(t *testing.T) {
	w := artifact.OpenWorkDir(t.TempDir())
	if err := os.Symlink("/vault/not/mounted", w.Path(EncryptionFile)); err != nil {
		t.Fatal(err)
	}
	p, err := PlanEncryption(w, sample.Spec(t), noRandom{t})
	if problems := cluster.ProblemsOf(err); len(p.Files) > 0 || len(problems) != 1 || !strings.Contains(problems[0].Message, "leads nowhere") {
		t.Errorf("planned %d files, %v", len(p.Files), err)
	}
}
