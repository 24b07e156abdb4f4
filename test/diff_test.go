package test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"hardway/rollout"
)

// shown is a row of `diff -o json`.
type shown struct {
	Host, Subject, Action string
	rollout.Contents
}

func (r *rehearsal) diffs(code int) map[string]shown {
	r.t.Helper()
	var doc struct{ Changes []shown }
	must(r.t, json.Unmarshal([]byte(r.exits(code, "diff", "-o", "json").out), &doc))
	rows := map[string]shown{}
	for _, c := range doc.Changes {
		rows[c.Host+":"+c.Subject] = c
	}
	return rows
}

// secrets is every line of every secret in the work directory that could give it away.
func (r *rehearsal) secrets() []string {
	r.t.Helper()
	var lines []string
	for _, pattern := range []string{"pki/*.key", "pki/*/*.key", "encryption-config.yaml"} {
		files, err := filepath.Glob(filepath.Join(r.work, pattern))
		must(r.t, err)
		for _, file := range files {
			data, err := os.ReadFile(file)
			must(r.t, err)
			for line := range strings.SplitSeq(string(data), "\n") {
				_, value, found := strings.Cut(line, "secret: ")
				switch {
				case found:
					lines = append(lines, value)
				case strings.HasSuffix(file, ".key") && line != "" && !strings.HasPrefix(line, "-----"):
					lines = append(lines, line)
				}
			}
		}
	}
	if len(lines) < 20 {
		r.t.Fatalf("only %d lines of secrets", len(lines))
	}
	return lines
}

func (r *rehearsal) holdsNoSecret(what, text string) {
	r.t.Helper()
	for _, line := range r.secrets() {
		if strings.Contains(text, line) {
			r.t.Fatalf("%s holds a line of a secret", what)
		}
	}
}

// A difference shows text as diff -u does and what is secret by its digest, whatever way the secret got there.
func TestDifferencesShowTextAndHideSecrets(t *testing.T) {
	r := rehearse(t)
	r.prepare()
	fresh := r.exits(3, "diff")
	r.holdsNoSecret("the first difference", fresh.out+fresh.errors)
	for _, want := range []string{
		"diff /dev/null hosts/kmaster1/etc/systemd/system/etcd.service\n--- /dev/null\n+++ hosts/kmaster1/etc/systemd/system/etcd.service\n@@ -0,0 ",
		"\n+ExecStart=/usr/local/bin/etcd",
		"\ndiff kmaster1:/etc/etcd/pki/server.key\n-nothing\n+sha256:",
		" bytes\nnot shown: it is a secret",
		"\ncreate", // the table of changes comes after it
	} {
		if want == "\ncreate" {
			want = "HOST      WOULD"
		}
		if !strings.Contains(fresh.out, want) {
			t.Errorf("the first difference lacks %q", want)
		}
	}
	if strings.Contains(fresh.out, "\x1b") {
		t.Error("what is piped is coloured")
	}
	r.exits(0, "distribute")

	unit, cert, key := "/etc/systemd/system/etcd.service", "/etc/etcd/pki/server.crt", "/etc/etcd/pki/server.key"
	conf, config := "/etc/sysusers.d/hardway.conf", "/etc/kubernetes/audit-policy.yaml"
	standing := func(path string) string { return filepath.Join(r.Root("kmaster1"), path) }
	change := func(path string, edit func(string) string) {
		data, err := os.ReadFile(standing(path))
		must(t, err)
		must(t, os.WriteFile(standing(path), []byte(edit(string(data))), 0o600))
	}
	keyText, err := os.ReadFile(standing(key))
	must(t, err)
	change(unit, func(s string) string { return strings.Replace(s, "\n[Service]\n", "\n[Service]\n# mine\n", 1) })
	change(cert, func(s string) string { return s + string(keyText) })
	change(key, func(string) string { return "hunter2\n" })
	change(conf, func(s string) string { return s + "\x1b[2J\n" })
	change(config, func(s string) string { return s + strings.Repeat("# much\n", 1<<16) })
	must(t, os.Chmod(standing("/etc/etcd/pki/peer.crt"), 0o600))

	rows := r.diffs(3)
	for path, want := range map[string]rollout.Contents{
		unit:                     {Diff: " [Service]\n-# mine\n"},
		cert:                     {Hidden: "secret"},
		key:                      {Hidden: "secret"},
		conf:                     {Hidden: "no text"},
		config:                   {Hidden: "too large"},
		"/etc/etcd/pki/peer.crt": {},
	} {
		got, found := rows["kmaster1:"+path]
		switch {
		case !found:
			t.Errorf("%s is no row", path)
		case !strings.Contains(got.Diff, want.Diff) || want.Diff == "" && got.Diff != "":
			t.Errorf("%s: %s", path, got.Diff)
		case !strings.Contains(got.Hidden, want.Hidden) || want.Hidden == "" && got.Hidden != "":
			t.Errorf("%s is not shown because %q, want %q", path, got.Hidden, want.Hidden)
		case got.Old == nil || got.New == nil:
			t.Errorf("%s: from %v to %v", path, got.Old, got.New)
		}
	}
	if got := rows["kmaster1:/etc/etcd/pki/peer.crt"]; got.Action != "correct" || got.Old.Mode != "0600" || got.New.Mode != "0644" || got.Old.SHA256 != got.New.SHA256 {
		t.Errorf("a mode to correct is shown as %+v from %+v to %+v", got, got.Old, got.New)
	}
	text := r.exits(3, "diff")
	r.holdsNoSecret("the second difference", text.out+text.errors)
	for _, secret := range []string{"hunter2", "PRIVATE KEY", "\x1b[2J"} {
		if strings.Contains(text.out, secret) {
			t.Errorf("the difference holds %q", secret)
		}
	}
	if !strings.Contains(text.out, "diff kmaster1:/etc/etcd/pki/peer.crt\nold mode 0600\nnew mode 0644\n") {
		t.Errorf("no mode in\n%s", text.out)
	}
	r.exits(0, "distribute")
	for path, row := range r.diffs(3) {
		if row.Old != nil || row.New != nil {
			t.Errorf("%s still differs", path)
		}
	}
}
