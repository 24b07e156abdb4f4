package test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// command is one command of an explanation; Host is empty where it is typed in the work directory.
type command struct{ Host, Says, Line string }

// commands is what `hardway explain` says of a step, as data.
func (r *rehearsal) commands(step string) []command {
	r.t.Helper()
	doc := r.json(0, append([]string{"explain"}, strings.Fields(step)...)...)
	var item struct{ Commands []command }
	if len(doc.Items) != 1 {
		r.t.Fatalf("explain %s gave %d items", step, len(doc.Items))
	}
	if err := json.Unmarshal(doc.Items[0], &item); err != nil {
		r.t.Fatal(err)
	}
	return item.Commands
}

// typed is the commands of a step that a person types in the work directory and that begin with one of the words.
func (r *rehearsal) typed(step string, words ...string) []command {
	r.t.Helper()
	return slices.DeleteFunc(r.commands(step), func(c command) bool {
		return c.Host != "" || !slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(c.Line, w) })
	})
}

// shell runs a text in the work directory as the printed script would.
func (r *rehearsal) shell(text string) (string, error) {
	r.t.Helper()
	tools, err := filepath.Abs(filepath.Join("..", ".cache", "tools"))
	if err != nil {
		r.t.Fatal(err)
	}
	cmd := exec.CommandContext(r.t.Context(), "bash", "-euo", "pipefail", "-c", text)
	cmd.Dir, cmd.Env = r.work, append(os.Environ(), "PATH="+tools+":"+os.Getenv("PATH"), "SSH_AUTH_SOCK=")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// run is shell for what has to succeed.
func (r *rehearsal) run(text string) string {
	r.t.Helper()
	out, err := r.shell(text)
	if err != nil {
		r.t.Fatalf("%s\nfailed: %v (are the tools built? make tools)\n%s", text, err, out)
	}
	return out
}

// A cluster whose certificates, keys and units were all made by the printed commands comes up, and the printed commands of
// etcd verify say of it what hardway says.
func TestPrintedEtcdCommandsAgreeWithHardway(t *testing.T) {
	r := rehearse(t)
	for _, step := range []string{"pki all", "kubeconfig all", "encryption-config", "render all"} {
		r.run(r.exits(0, append(strings.Fields("explain --script"), strings.Fields(step)...)...).out)
	}
	// Nothing of it is made again: what comes up now is what the shell made.
	if doc := r.json(0, "pki", "all"); len(doc.Changes) > 0 {
		t.Fatalf("hardway would change certificates that were made by hand: %+v", doc.Changes)
	}
	r.up()
	r.exits(0, "etcd", "verify")

	health := r.typed("apply etcd", "for ")
	if len(health) != 1 {
		t.Fatalf("apply etcd waits for health in %d commands, want 1", len(health))
	}
	r.run(health[0].Line)
	r.verifyByHand()
	r.memberDownByHand()
}

func (r *rehearsal) verifyByHand() {
	r.t.Helper()
	questions := map[string]func(rows [][]string){
		"member list": func(rows [][]string) {
			r.column(rows, "STATUS", "started", "started", "started")
			r.column(rows, "NAME", "kmaster1", "kmaster2", "kmaster3")
			r.column(rows, "IS LEARNER", "false", "false", "false")
		},
		"endpoint status": func(rows [][]string) {
			r.column(rows, "IS LEADER", "false", "false", "true")
			r.column(rows, "ERRORS", "", "", "")
		},
		"endpoint health": func(rows [][]string) { r.column(rows, "HEALTH", "true", "true", "true") },
		"endpoint hashkv": func(rows [][]string) {
			hash := cells(rows, "HASH")
			r.column(rows, "HASH", hash[0], hash[0], hash[0])
		},
	}
	asked := 0
	for _, c := range r.typed("etcd verify", "etcdctl ") {
		out := r.run(c.Line)
		if strings.Contains(c.Line, "alarm list") && strings.TrimSpace(out) != "" {
			r.t.Errorf("a healthy cluster has alarms: %s", out)
		}
		for question, holds := range questions {
			if strings.Contains(c.Line, question) {
				holds(table(out))
				asked++
			}
		}
	}
	if asked != len(questions) {
		r.t.Errorf("etcd verify asks %d of the %d questions", asked, len(questions))
	}
	r.peersByHand()
}

// peersByHand shakes hands with every peer port.
func (r *rehearsal) peersByHand() {
	r.t.Helper()
	handshakes := r.typed("etcd verify", "openssl ")
	if len(handshakes) != len(r.spec.Hosts) {
		r.t.Fatalf("etcd verify looks at %d peer certificates, want %d", len(handshakes), len(r.spec.Hosts))
	}
	for i, c := range handshakes {
		n := r.spec.Hosts[i]
		out := r.run(c.Line)
		for _, want := range []string{"subject=CN = " + n.Name, "issuer=CN = etcd-ca", "IP Address:" + n.PrimaryAddress()} {
			if !strings.Contains(out, want) {
				r.t.Errorf("%s shows its peers no %q:\n%s", n.Name, want, out)
			}
		}
	}
}

// memberDownByHand: what can only say yes proves nothing.
func (r *rehearsal) memberDownByHand() {
	r.t.Helper()
	r.systemctl("kmaster3", "stop", "etcd.service")
	for _, c := range append(r.typed("etcd verify", "etcdctl "), r.typed("etcd verify", "openssl ")[2]) {
		out, err := r.shell(c.Line)
		fails := strings.Contains(c.Line, "endpoint health") || strings.Contains(c.Line, "openssl")
		if fails && err == nil {
			r.t.Errorf("with kmaster3 stopped this succeeds:\n%s\n%s", c.Line, out)
		}
	}
}

// table is the rows of what etcdctl prints with -w table, the header first.
func table(text string) [][]string {
	var rows [][]string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") {
			continue
		}
		var row []string
		for cell := range strings.SplitSeq(strings.Trim(line, "|"), "|") {
			row = append(row, strings.TrimSpace(cell))
		}
		rows = append(rows, row)
	}
	return rows
}

// cells is one column without its header, sorted.
func cells(rows [][]string, header string) []string {
	var out []string
	for _, row := range rows {
		if i := slices.Index(rows[0], header); i >= 0 && i < len(row) && row[i] != header {
			out = append(out, row[i])
		}
	}
	slices.Sort(out)
	return out
}

func (r *rehearsal) column(rows [][]string, header string, want ...string) {
	r.t.Helper()
	if got := cells(rows, header); !slices.Equal(got, want) {
		r.t.Errorf("%s is %q, want %q in\n%v", header, got, want, rows)
	}
}

// The printed deliveries go over real SSH to a real SFTP server, with the options they are printed with; only the
// directories, which a shell on the host would make, are made here.
func TestPrintedDeliveriesArrive(t *testing.T) {
	r := rehearse(t)
	for _, step := range []string{"pki all", "encryption-config", "render all"} {
		r.exits(0, strings.Fields(step)...)
	}
	for _, c := range r.commands("distribute") {
		if c.Host != "" {
			r.makeDirs(c)
		} else if strings.HasPrefix(c.Line, "sftp ") {
			r.run(c.Line)
		}
	}
	doc := r.json(3, "diff")
	for _, c := range doc.Changes {
		missing := c.Action == "create" && c.Subject != "/var/lib/hardway/manifest.json" && !strings.HasPrefix(c.Subject, "/usr/local/bin/")
		if missing || c.Action == "update" {
			t.Errorf("after the printed deliveries hardway would still %s %s on %s: %s", c.Action, c.Subject, c.Host, c.Reason)
		}
	}
}

// makeDirs makes what `install -d` and `mkdir -p` would.
func (r *rehearsal) makeDirs(c command) {
	r.t.Helper()
	for line := range strings.Lines(c.Line) {
		if !strings.HasPrefix(line, "install -d") && !strings.HasPrefix(line, "mkdir -p") {
			continue
		}
		for word := range strings.FieldsSeq(line) {
			if strings.HasPrefix(word, "/") {
				if err := os.MkdirAll(filepath.Join(r.Root(c.Host), word), 0o700); err != nil {
					r.t.Fatal(err)
				}
			}
		}
	}
}
