package test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/pem"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"hardway/rollout"
)

// Each bad host ends a run with exit 1 and one clear message that names it, and no host has changed: not the good ones
// either, because nothing is committed before everything is staged everywhere.
func TestBadHosts(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*rehearsal)
		says  []string
	}{
		"unreachable": {
			func(r *rehearsal) { must(r.t, r.PowerOff("kmaster2")) },
			[]string{"kmaster2: failed to reach", "connection refused", "is the host up"},
		},
		"refuses the key": {
			func(r *rehearsal) { r.edit(r.ClientKey(), r.strangeKey()) },
			[]string{"refused", "authorized_keys"},
		},
		"is not known": {
			func(r *rehearsal) { r.dropKnown("kmaster2") },
			[]string{"kmaster2", "SHA256:", "hardway hosts trust kmaster2"},
		},
		"cannot hold the files": {
			func(r *rehearsal) {
				must(r.t, os.WriteFile(filepath.Join(r.Root("kmaster2"), "etc/kubernetes"), []byte("in the way"), 0o600))
			},
			[]string{"kmaster2", "/etc/kubernetes"},
		},
		"has another key": {
			func(r *rehearsal) { r.changeKnown("kmaster2") },
			[]string{"kmaster2", "has changed", "known_hosts", "delete line"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := rehearse(t)
			r.prepare()
			c.spoil(r)
			before := r.deliveredState()
			got := r.exits(1, "distribute")
			for _, want := range c.says {
				if !strings.Contains(got.errors, want) {
					t.Errorf("the message does not say %q:\n%s", want, got.errors)
				}
			}
			// Two things have to be there first: the declaration of the user that owns staged files, and how the host was.
			after := r.deliveredState()
			maps.DeleteFunc(after, func(path, _ string) bool {
				return strings.HasSuffix(path, "/etc/sysusers.d/hardway.conf") || strings.Contains(path, rollout.OriginalDir+"/")
			})
			if !maps.Equal(before, after) {
				t.Errorf("hosts changed: %v", after)
			}
		})
	}
}

func TestUnreachableHostIsAFindingForChecks(t *testing.T) {
	r := rehearse(t)
	r.up()
	must(t, r.PowerOff("kmaster3"))
	doc := r.json(3, "etcd", "verify")
	named := false
	for _, p := range doc.Problems {
		named = named || p.Host == "kmaster3"
	}
	if !named {
		t.Errorf("no problem names kmaster3: %+v", doc.Problems)
	}
}

func TestMissingBinaryIsToldBeforeAnythingIsDone(t *testing.T) {
	r := rehearse(t)
	r.prepare()
	must(t, os.Remove(filepath.Join(r.Root("kmaster3"), "usr/local/bin/etcd")))
	before := r.deliveredState()
	got := r.exits(1, "apply", "etcd")
	if !strings.Contains(got.errors, "kmaster3: /usr/local/bin/etcd: there is no etcd on the host") {
		t.Errorf("the message does not name host and file:\n%s", got.errors)
	}
	if after := r.deliveredState(); !maps.Equal(before, after) {
		t.Errorf("hosts changed: %v", after)
	}
}

func TestInterruptedRunIsFinishedByTheNext(t *testing.T) {
	r := rehearse(t)
	r.prepare()
	for _, after := range []time.Duration{50, 150, 300, 600, 1200} {
		r.interrupt(after*time.Millisecond, "up", "--skip", skipped)
	}
	r.exits(0, "up", "--skip", skipped)
	r.exits(0, "etcd", "verify")
	for _, n := range r.spec.Hosts {
		out, err := exec.Command("find", r.Root(n.Name), "-name", ".hardway-stage").Output()
		if err != nil || len(out) > 0 {
			t.Errorf("%s keeps what was staged: %s %v", n.Name, out, err)
		}
	}
}

func TestTwoRunsInOneWorkDirectory(t *testing.T) {
	r := rehearse(t)
	dir, err := os.Open(r.work)
	must(t, err)
	defer dir.Close()
	must(t, syscall.Flock(int(dir.Fd()), syscall.LOCK_EX))
	got := r.exits(1, "pki", "all")
	if !strings.Contains(got.errors, "another hardway run holds the work directory") || !strings.Contains(got.errors, "hint:") {
		t.Errorf("the message does not say that another run is there, and what to do:\n%s", got.errors)
	}
	if _, err := os.Stat(filepath.Join(r.work, "pki")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the second run wrote: %v", err)
	}
	r.exits(0, "pki", "all", "--dry-run")
}

// A real file system that is read-only, or full, in a mount namespace of the test's own.
func TestWorkDirectoryThatCannotBeWritten(t *testing.T) {
	for name, c := range map[string]struct{ options, before, says string }{
		"read-only": {"size=8m", "mount -o remount,ro none .", "read-only file system"},
		"full":      {"size=32k", "true", "no space left on device"},
	} {
		t.Run(name, func(t *testing.T) {
			r := rehearse(t)
			spec, err := os.ReadFile(filepath.Join(r.work, "cluster.yaml"))
			must(t, err)
			script := `mount -t tmpfs -o ` + c.options + ` none "$1" && cd "$1" && cat > cluster.yaml && ` + c.before + `
				"$2" pki all; code=$?
				find . -type f; exit $code`
			command := exec.Command("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script, "sh", r.work, hardwayBinary)
			command.Stdin = bytes.NewReader(spec)
			var out, errs bytes.Buffer
			command.Stdout, command.Stderr = &out, &errs
			_ = command.Run()
			if code := command.ProcessState.ExitCode(); code != 1 {
				t.Fatalf("exit %d, want 1\n%s%s", code, out.String(), errs.String())
			}
			if !strings.Contains(errs.String(), c.says) || !strings.Contains(errs.String(), "nothing was changed") {
				t.Errorf("the message does not say what is wrong:\n%s", errs.String())
			}
			if out.String() != "./cluster.yaml\n" {
				t.Errorf("left behind:\n%s", out.String())
			}
		})
	}
}

// prepare does the offline half.
func (r *rehearsal) prepare() {
	r.t.Helper()
	for _, step := range []string{"pki all", "kubeconfig all", "encryption-config", "render all"} {
		r.exits(0, strings.Fields(step)...)
	}
}

// interrupt is Ctrl-C some time into a run.
func (r *rehearsal) interrupt(after time.Duration, args ...string) {
	r.t.Helper()
	command := exec.Command(hardwayBinary, args...)
	command.Dir = r.work
	command.Stdout, command.Stderr = io.Discard, io.Discard
	must(r.t, command.Start())
	time.Sleep(after)
	_ = command.Process.Signal(os.Interrupt)
	done := make(chan struct{})
	go func() { _ = command.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		_ = command.Process.Kill()
		r.t.Fatalf("hardway %v did not end within 20 s of an interrupt", args)
	}
}

func (r *rehearsal) strangeKey() string {
	r.t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	must(r.t, err)
	block, err := ssh.MarshalPrivateKey(key, "")
	must(r.t, err)
	r.write("strange_key", string(pem.EncodeToMemory(block)))
	return filepath.Join(r.work, "strange_key")
}

// known rewrites the known_hosts line of a host: change gives the new line, empty takes it out.
func (r *rehearsal) known(host string, change func(address string) string) {
	r.t.Helper()
	node, _ := r.spec.Node(host)
	data, err := os.ReadFile(filepath.Join(r.work, "known_hosts"))
	must(r.t, err)
	var out []string
	for _, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		if strings.Contains(line, node.PrimaryAddress()+"]") {
			line = change(strings.Fields(line)[0])
		}
		out = append(out, line)
	}
	r.write("known_hosts", strings.Join(out, "\n")+"\n")
}

func (r *rehearsal) dropKnown(host string) {
	r.known(host, func(string) string { return "" })
}

func (r *rehearsal) changeKnown(host string) {
	r.known(host, func(address string) string {
		public, _, err := ed25519.GenerateKey(nil)
		must(r.t, err)
		key, err := ssh.NewPublicKey(public)
		must(r.t, err)
		return knownhosts.Line([]string{address}, key)
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
