package test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

func TestHostsTrustRecordsOnlyWhatIsVouchedFor(t *testing.T) {
	r := rehearse(t)
	known := filepath.Join(r.work, "known_hosts")
	must(t, os.Remove(known))
	fingerprint := func(host string) string { return host + "=" + ssh.FingerprintSHA256(r.HostKey(host)) }

	// --yes alone trusts nothing, and without a terminal there is nobody to ask.
	got := r.exits(1, "hosts", "trust", "--yes")
	if !strings.Contains(got.errors, "nobody vouched") || !strings.Contains(got.errors, ssh.FingerprintSHA256(r.HostKey("kmaster1"))) {
		t.Errorf("the message shows no fingerprint to compare:\n%s", got.errors)
	}
	if _, err := os.Stat(known); !os.IsNotExist(err) {
		t.Fatalf("known_hosts was written: %v", err)
	}
	// Another host's fingerprint is not this host's.
	wrong := "kmaster1=" + ssh.FingerprintSHA256(r.HostKey("kmaster2"))
	r.exits(1, "hosts", "trust", "kmaster1", "--fingerprint", wrong)

	doc := r.json(0, "hosts", "trust", "kmaster1", "--fingerprint", fingerprint("kmaster1"), "--dry-run")
	if len(doc.Changes) != 1 || doc.Changes[0].Host != "kmaster1" {
		t.Errorf("dry run: %+v", doc.Changes)
	}
	if _, err := os.Stat(known); !os.IsNotExist(err) {
		t.Fatalf("the dry run wrote known_hosts: %v", err)
	}
	r.exits(0, "hosts", "trust", "kmaster1", "--fingerprint", fingerprint("kmaster1"))
	r.exits(0, "hosts", "trust", "--fingerprint", fingerprint("kmaster2"), "--fingerprint", fingerprint("kmaster3"))
	data, err := os.ReadFile(known)
	must(t, err)
	if lines := strings.Count(string(data), "\n"); lines != 3 {
		t.Errorf("known_hosts has %d lines, want 3:\n%s", lines, data)
	}
	r.up()
	if doc := r.json(0, "hosts", "trust"); len(doc.Changes) != 0 {
		t.Errorf("trusted hosts are recorded again: %+v", doc.Changes)
	}

	// A changed key is never recorded over the old one.
	r.changeKnown("kmaster2")
	before, err := os.ReadFile(known)
	must(t, err)
	got = r.exits(1, "hosts", "trust", "kmaster2", "--fingerprint", fingerprint("kmaster2"))
	if !strings.Contains(got.errors, "has changed") {
		t.Errorf("the message does not say that the key has changed:\n%s", got.errors)
	}
	after, err := os.ReadFile(known)
	must(t, err)
	if string(before) != string(after) {
		t.Error("known_hosts changed")
	}
}
