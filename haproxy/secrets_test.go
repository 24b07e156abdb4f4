package haproxy

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"testing"

	"hardway/artifact"
	"hardway/cluster"
)

func TestSecretsAreMadeOnce(t *testing.T) {
	w := artifact.OpenWorkDir(t.TempDir())
	made, p, err := PlanSecrets(w, fixed(7))
	if err != nil || len(p.Files) != 1 || p.Files[0].Mode != 0o600 || p.Files[0].Path != SecretsFile {
		t.Fatalf("planned %+v, error %v", p.Decisions, err)
	}
	if err := w.Commit(p.Files); err != nil {
		t.Fatal(err)
	}
	again, p, err := PlanSecrets(w, bytes.NewReader(nil))
	if err != nil || len(p.Files) > 0 || again != made || p.Decisions[0].Action != artifact.Keep {
		t.Errorf("a rerun planned %+v, error %v", p.Decisions, err)
	}
}

func TestPasswordsDiffer(t *testing.T) {
	_, first, err := PlanSecrets(artifact.OpenWorkDir(t.TempDir()), fixed(1))
	if err != nil {
		t.Fatal(err)
	}
	_, second, err := PlanSecrets(artifact.OpenWorkDir(t.TempDir()), fixed(2))
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(first.Files[0].Data, second.Files[0].Data) {
		t.Error("the password does not come from the randomness")
	}
}

func TestShortRandomnessMakesNoSecrets(t *testing.T) {
	_, p, err := PlanSecrets(artifact.OpenWorkDir(t.TempDir()), bytes.NewReader(make([]byte, 43)))
	if err == nil || len(p.Files) > 0 {
		t.Errorf("planned %d files, error %v", len(p.Files), err)
	}
}

// TestHashIsWhatCryptMakes holds it against openssl, which knows no number of rounds but the default: the algorithm and
// the salt's alphabet are what is compared. HAProxy itself checks the password in TestStatsPageAsksForThePassword.
func TestHashIsWhatCryptMakes(t *testing.T) {
	s := secrets(t).HAProxy
	hash, err := s.hash()
	if err != nil {
		t.Fatal(err)
	}
	if want := "$6$rounds=1000$" + s.StatsSalt + "$"; !strings.HasPrefix(hash, want) || len(hash) != len(want)+86 {
		t.Errorf("got %s, want %s and 86 characters", hash, want)
	}
	out, err := exec.Command("openssl", "passwd", "-6", "-salt", "rounds=1000$"+s.StatsSalt, s.StatsPassword).CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != hash {
		t.Errorf("openssl makes %s of it (%v), we %s", out, err, hash)
	}
}

func TestUnusableSecretsAreOneClearError(t *testing.T) {
	good := secrets(t).HAProxy
	document := func(password, salt string) string {
		return "apiVersion: hardway/v1alpha1\nkind: Secrets\nhaproxy: {statsPassword: '" + password + "', statsSalt: '" + salt + "'}\n"
	}
	tests := map[string]struct{ text, want string }{
		"empty":          {"", "statsPassword"},
		"no YAML":        {"\t" + good.StatsPassword, "cannot be used"},
		"an unknown key": {document(good.StatsPassword, good.StatsSalt) + "more: 1\n", "unknown field"},
		"another kind":   {strings.Replace(document(good.StatsPassword, good.StatsSalt), "kind: Secrets", "kind: Secret", 1), "kind"},
		"a short word":   {document("letmein", good.StatsSalt), "want at least 43 characters, have 7"},
		"a wrong salt":   {document(good.StatsPassword, "a$b"), "statsSalt"},
		"a long salt":    {document(good.StatsPassword, strings.Repeat("a", 17)), "statsSalt"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := artifact.OpenWorkDir(t.TempDir())
			if err := os.WriteFile(w.Path(SecretsFile), []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, p, err := PlanSecrets(w, fixed(7))
			if err == nil || errors.Is(err, fs.ErrNotExist) || len(p.Files) > 0 || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("planned %d files, error %v, want it to say %q", len(p.Files), err, test.want)
			}
			if strings.Contains(err.Error(), good.StatsPassword[:12]) {
				t.Errorf("the error repeats the password: %v", err)
			}
		})
	}
}

func TestOpenSecretsAreRefused(t *testing.T) {
	w := artifact.OpenWorkDir(t.TempDir())
	_, p, err := PlanSecrets(w, fixed(7))
	if err != nil {
		t.Fatal(err)
	}
	p.Files[0].Mode = 0o644
	if err := w.Commit(p.Files); err != nil {
		t.Fatal(err)
	}
	_, _, err = PlanSecrets(w, fixed(7))
	if problems := cluster.ProblemsOf(err); len(problems) != 1 || !strings.Contains(problems[0].Hint, "chmod 600") {
		t.Errorf("got %+v", problems)
	}
}
