package test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"hardway/test/sshd"
)

// behindJumps is a work directory for one master, which is an OpenSSH server behind two others. The operator's ssh_config
// knows the way; its user is not root, and sudo there wants a password.
type behindJumps struct {
	*rehearsal
	master, gate, inner *sshd.Server
}

const masterPassword = "correct horse, battery"

func goThroughJumps(t *testing.T) *behindJumps {
	t.Helper()
	b := &behindJumps{
		rehearsal: &rehearsal{t: t, work: t.TempDir()},
		master:    sshd.Start(t, sshd.Options{Account: &sshd.Account{Name: "hwtester", Password: masterPassword, Sudoers: "USER ALL=(root) ALL"}}),
		gate:      sshd.Start(t, sshd.Options{}), inner: sshd.Start(t, sshd.Options{}),
	}
	b.write("cluster.yaml", `apiVersion: hardway/v1alpha1
kind: Cluster
metadata: {name: jumps}
spec:
  kubernetes: {version: v1.36.3}
  etcd: {version: v3.6.16}
  endpoint: {host: api.example.com, port: 6443}
  network: {podCIDR: 10.200.0.0/16, serviceCIDR: 10.32.0.0/24, clusterDomain: cluster.local}
  ssh: {sudo: true}
  hosts:
  - {name: kmaster1, address: 10.99.0.1, roles: [etcd, control-plane]}
`)
	must(t, os.Mkdir(filepath.Join(b.work, ".ssh"), 0o700))
	b.write(".ssh/config", entry("kmaster1", b.master, "ProxyJump gate,inner")+entry("gate", b.gate, "")+entry("inner", b.inner, "")+
		"Host *\n  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n")
	b.write("askpass", "#!/bin/sh\necho \"$1\" >>"+b.work+"/asked\necho '"+masterPassword+"'\n")
	must(t, os.Chmod(filepath.Join(b.work, "askpass"), 0o700))
	return b
}

func entry(name string, s *sshd.Server, more string) string {
	return fmt.Sprintf("Host %s\n  HostName %s\n  Port %d\n  User %s\n  IdentityFile %s\n  IdentitiesOnly yes\n  %s\n", name, s.Address, s.Port, s.User, s.IdentityFile, more)
}

func vouched(name string, s *sshd.Server) string {
	return name + "=" + ssh.FingerprintSHA256(s.HostKeys[0])
}

func TestHostsTrustRecordsJumpHostsOnTheWay(t *testing.T) {
	b := goThroughJumps(t)
	// What is behind a jump host that nobody has vouched for is not looked at.
	got := b.exits(1, "hosts", "trust")
	for _, want := range []string{"gate", ssh.FingerprintSHA256(b.gate.HostKeys[0]), "seen once gate is trusted", "--fingerprint gate=SHA256:"} {
		if !strings.Contains(got.out+got.errors, want) {
			t.Errorf("it does not say %q:\n%s%s", want, got.out, got.errors)
		}
	}
	if strings.Contains(b.gate.Log()+b.inner.Log()+b.master.Log(), "userauth-request") {
		t.Error("a user was named to a host that nobody vouched for")
	}
	b.exits(2, "hosts", "trust", "--fingerprint", "nobody=SHA256:x")
	b.exits(1, "hosts", "trust", "--fingerprint", vouched("gate", b.inner))
	doc := b.json(0, "hosts", "trust", "--dry-run", "--fingerprint", vouched("gate", b.gate))
	if len(doc.Changes) != 1 || doc.Changes[0].Host != "gate" {
		t.Errorf("dry run: %+v", doc.Changes)
	}
	if _, err := os.Stat(filepath.Join(b.work, "known_hosts")); !os.IsNotExist(err) {
		t.Errorf("known_hosts was written: %v", err)
	}
	// Each answer brings the next into reach.
	doc = b.json(1, "hosts", "trust", "--fingerprint", vouched("gate", b.gate), "--fingerprint", vouched("kmaster1", b.master))
	if len(doc.Changes) != 1 || len(doc.Problems) != 1 || doc.Problems[0].Host != "inner" {
		t.Errorf("without a word on inner: %+v %+v", doc.Changes, doc.Problems)
	}
	doc = b.json(0, "hosts", "trust", "--fingerprint", vouched("inner", b.inner), "--fingerprint", vouched("kmaster1", b.master))
	if len(doc.Changes) != 2 {
		t.Errorf("inner and kmaster1: %+v", doc.Changes)
	}
	known, err := os.ReadFile(filepath.Join(b.work, "known_hosts"))
	must(t, err)
	for _, s := range []*sshd.Server{b.gate, b.inner, b.master} {
		if !strings.Contains(string(known), s.KnownHostsLines(s.HostKeys...)) {
			t.Errorf("known_hosts lacks %s:\n%s", s.Endpoint(), known)
		}
	}
	if doc := b.json(0, "hosts", "trust"); len(doc.Changes) != 0 || len(doc.Items) != 3 {
		t.Errorf("all is trusted: %+v", doc)
	}
}

func TestDiffAsAUserWhoIsNotRootBehindJumps(t *testing.T) {
	b := goThroughJumps(t)
	b.exits(0, "hosts", "trust", "--fingerprint", vouched("gate", b.gate), "--fingerprint", vouched("inner", b.inner), "--fingerprint", vouched("kmaster1", b.master))
	for _, step := range [][]string{{"pki", "all"}, {"kubeconfig", "all"}, {"encryption-config"}, {"render", "etcd"}} {
		b.exits(0, step...)
	}
	got := b.exits(1, "diff")
	for _, want := range []string{"nobody to ask", "hwtester ALL=(root) NOPASSWD: ALL"} {
		if !strings.Contains(got.errors, want) {
			t.Errorf("unattended, it does not say %q:\n%s", want, got.errors)
		}
	}
	t.Setenv("SSH_ASKPASS", filepath.Join(b.work, "askpass"))
	t.Setenv("SSH_ASKPASS_REQUIRE", "force")
	got = b.exits(3, "diff")
	if !strings.Contains(got.out, "/etc/etcd/pki/server.key") {
		t.Errorf("the difference lacks a key:\n%s%s", got.out, got.errors)
	}
	asked, err := os.ReadFile(filepath.Join(b.work, "asked"))
	must(t, err)
	if strings.Count(string(asked), "\n") != 1 || !strings.Contains(string(asked), "password of hwtester for sudo on kmaster1") {
		t.Errorf("asked:\n%s", asked)
	}
	if strings.Contains(got.out+got.errors, masterPassword) {
		t.Error("the password was printed")
	}
}

// On a terminal the password is asked for there, and what is typed is not shown.
func TestSudoPasswordIsTypedOnATerminalWithoutEcho(t *testing.T) {
	b := goThroughJumps(t)
	b.exits(0, "hosts", "trust", "--fingerprint", vouched("gate", b.gate), "--fingerprint", vouched("inner", b.inner), "--fingerprint", vouched("kmaster1", b.master))
	for _, step := range [][]string{{"pki", "all"}, {"kubeconfig", "all"}, {"encryption-config"}, {"render", "etcd"}} {
		b.exits(0, step...)
	}
	// script(1) gives what it runs a terminal of its own.
	command := exec.CommandContext(t.Context(), "script", "-qec", hardwayBinary+" diff", "/dev/null")
	command.Dir, command.Env = b.work, append(os.Environ(), "HOME="+b.work, "SSH_AUTH_SOCK=")
	in, err := command.StdinPipe()
	must(t, err)
	out, err := command.StdoutPipe()
	must(t, err)
	command.Stderr = command.Stdout
	must(t, command.Start())
	terminal, said := bufio.NewReader(out), ""
	for !strings.HasSuffix(said, "wanted: ") {
		c, err := terminal.ReadByte()
		if err != nil {
			t.Fatalf("it ended without a question: %v\n%s", err, said)
		}
		said += string(c)
	}
	_, err = io.WriteString(in, masterPassword+"\n")
	must(t, err)
	// A terminal whose other side has gone is an error to read from.
	rest, _ := io.ReadAll(terminal)
	said += string(rest)
	_ = command.Wait()
	if code := command.ProcessState.ExitCode(); code != 3 || !strings.Contains(said, "/etc/etcd/pki/server.key") {
		t.Errorf("exit %d:\n%s", code, said)
	}
	if strings.Contains(said, masterPassword) {
		t.Errorf("what was typed is shown:\n%s", said)
	}
	if strings.Count(said, "password of hwtester") != 1 {
		t.Errorf("asked more than once:\n%s", said)
	}
}
