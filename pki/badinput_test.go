package pki

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"hardway/cluster"
)

// TestBadInputIsNamedAndNothingChanges is what a person can have got wrong: one problem that names the file and says
// what to do, from Plan already, and no file touched.
func TestBadInputIsNamedAndNothingChanges(t *testing.T) {
	for name, c := range map[string]struct {
		spoil                func(*testing.T, *Store)
		groups               []string
		file, says, hintSays string
	}{
		"authority without its key": {
			spoil: func(t *testing.T, s *Store) { remove(t, s, "pki/ca.key") },
			file:  "pki/ca.key", says: "missing", hintSays: "--csr-only",
		},
		"authority without its certificate": {
			spoil: func(t *testing.T, s *Store) { remove(t, s, "pki/etcd-ca.crt") },
			file:  "pki/etcd-ca.crt", says: "missing while its key is there", hintSays: "put the certificate of pki/etcd-ca.key back",
		},
		"authority gone while its bundle stands": {
			spoil: func(t *testing.T, s *Store) { remove(t, s, "pki/ca.crt", "pki/ca.key") },
			file:  "pki/ca.crt", says: "trusted by nobody", hintSays: "put pki/ca.crt and pki/ca.key back",
		},
		"authority with the key of another": {
			spoil: func(t *testing.T, s *Store) { put(t, s, "pki/ca.key", readFileOf(t, s, "pki/etcd-ca.key")) },
			file:  "pki/ca.key", says: "another certificate", hintSays: "pki/ca.crt",
		},
		"expired authority": {
			spoil: func(t *testing.T, s *Store) {
				newCA(t, "old", nil, func(c *x509.Certificate) { c.NotAfter = noon.Add(-time.Hour) }).drop(t, s, Kubernetes)
			},
			file: "pki/ca.crt", says: "expired on 2026-03-04", hintSays: "renewed",
		},
		"authority from the future": {
			spoil: func(t *testing.T, s *Store) {
				newCA(t, "new", nil, func(c *x509.Certificate) { c.NotBefore = noon.Add(time.Hour) }).drop(t, s, Kubernetes)
			},
			file: "pki/ca.crt", says: "not valid before", hintSays: "clock",
		},
		"authority without CA:TRUE": {
			spoil: func(t *testing.T, s *Store) {
				newCA(t, "leaf", nil, func(c *x509.Certificate) { c.IsCA = false }).drop(t, s, Kubernetes)
			},
			file: "pki/ca.crt", says: "CA:TRUE", hintSays: "CA certificate",
		},
		"authority that may not sign certificates": {
			spoil: func(t *testing.T, s *Store) {
				newCA(t, "crl only", nil, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageCRLSign }).drop(t, s, Etcd)
			},
			file: "pki/etcd-ca.crt", says: "keyCertSign", hintSays: "CA certificate",
		},
		"intermediate without its root": {
			spoil: func(t *testing.T, s *Store) {
				ca := newCA(t, "Issuing", newCA(t, "Corp Root", nil, nil), nil)
				ca.up = nil
				ca.drop(t, s, Kubernetes)
			},
			file: "pki/ca.crt", says: "without its root", hintSays: `append the certificate of "CN=Corp Root" to pki/ca.crt`,
		},
		"chain in the wrong order": {
			spoil: func(t *testing.T, s *Store) {
				ca := newCA(t, "Issuing", newCA(t, "Corp Root", nil, nil), nil)
				put(t, s, "pki/ca.crt", encodeCertificates(ca.up.cert, ca.cert))
				put(t, s, "pki/ca.key", keyPEM(t, ca.key))
			},
			file: "pki/ca.crt", says: "was not issued by the one after it", hintSays: "order them",
		},
		"key of the root beside an intermediate": {
			spoil: func(t *testing.T, s *Store) {
				ca := newCA(t, "Issuing", newCA(t, "Corp Root", nil, nil), nil)
				ca.drop(t, s, Kubernetes)
				put(t, s, "pki/ca.key", keyPEM(t, ca.up.key))
			},
			file: "pki/ca.crt", says: "belongs to certificate 2", hintSays: "first",
		},
		"root that allows no intermediate": {
			spoil: func(t *testing.T, s *Store) {
				root := newCA(t, "Corp Root", nil, func(c *x509.Certificate) { c.MaxPathLenZero = true })
				newCA(t, "Issuing", root, nil).drop(t, s, Kubernetes)
			},
			file: "pki/ca.crt", says: "path length", hintSays: "chain",
		},
		"encrypted key": {
			spoil: func(t *testing.T, s *Store) {
				encrypt(t, s, "pkey")
			},
			file: "pki/ca.key", says: "encrypted", hintSays: "openssl pkey",
		},
		"key encrypted the old way": {
			spoil: func(t *testing.T, s *Store) {
				encrypt(t, s, "ec")
			},
			file: "pki/ca.key", says: "encrypted", hintSays: "openssl pkey",
		},
		"key that others can read": {
			spoil: func(t *testing.T, s *Store) {
				if err := os.Chmod(s.work.Path("pki/sa.key"), 0o644); err != nil {
					t.Fatal(err)
				}
			},
			file: "pki/sa.key", says: "mode is 0644", hintSays: "chmod 600 pki/sa.key",
		},
		"rubbish for a key": {
			spoil: func(t *testing.T, s *Store) { put(t, s, "pki/front-proxy-ca.key", []byte{0, 1, 2, 255}) },
			file:  "pki/front-proxy-ca.key", says: "no PEM", hintSays: "put the right file there",
		},
		"empty key of a leaf": {
			spoil: func(t *testing.T, s *Store) { put(t, s, "pki/kmaster2/apiserver.key", nil) },
			file:  "pki/kmaster2/apiserver.key", says: "no PEM", hintSays: "move it away",
		},
		"key cut short": {
			spoil: func(t *testing.T, s *Store) {
				put(t, s, "pki/kmaster2/apiserver.key", readFileOf(t, s, "pki/kmaster2/apiserver.key")[:100])
			},
			file: "pki/kmaster2/apiserver.key", says: "can be read", hintSays: "move it away",
		},
		"rubbish for an authority": {
			spoil: func(t *testing.T, s *Store) {
				put(t, s, "pki/ca.crt", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("no")}))
			},
			file: "pki/ca.crt", says: "certificate 1 in it cannot be read", hintSays: "PEM certificate",
		},
		"private key in a certificate file": {
			spoil: func(t *testing.T, s *Store) {
				put(t, s, "pki/ca.crt", append(readFileOf(t, s, "pki/ca.crt"), readFileOf(t, s, "pki/ca.key")...))
			},
			file: "pki/ca.crt", says: "holds a private key", hintSays: "nothing else",
		},
		"service-account key gone": {
			spoil: func(t *testing.T, s *Store) { remove(t, s, "pki/sa.key") },
			file:  "pki/sa.key", says: "missing while pki/sa.pub is there", hintSays: "put the private key back",
		},
		"service-account halves of two pairs": {
			spoil: func(t *testing.T, s *Store) { put(t, s, "pki/sa.key", readFileOf(t, s, "pki/admin.key")) },
			file:  "pki/sa.pub", says: "not the public half", hintSays: "put the pair back",
		},
		"key of an authority for the service accounts": {
			spoil: func(t *testing.T, s *Store) {
				put(t, s, "pki/sa.key", readFileOf(t, s, "pki/ca.key"))
				remove(t, s, "pki/sa.pub")
			},
			file: "pki/sa.key", says: "private key of pki/ca.crt", hintSays: "pki/sa.pub",
		},
		"another authority dropped over one that is trusted": {
			spoil: func(t *testing.T, s *Store) { newCA(t, "other", nil, nil).drop(t, s, Etcd) },
			file:  "pki/etcd-ca.crt", says: "another authority than the one in pki/etcd-ca-bundle.crt", hintSays: "pki/etcd-ca.retired.crt",
		},
		"service-account pair behind links to what is not mounted": {
			spoil: func(t *testing.T, s *Store) {
				for _, file := range []string{"pki/sa.key", "pki/sa.pub"} {
					remove(t, s, file)
					link(t, s, file)
				}
			},
			file: "pki/sa.key", says: "leads nowhere", hintSays: "mount",
		},
		"everything behind a link to what is not mounted": {
			spoil: func(t *testing.T, s *Store) {
				if err := os.RemoveAll(s.work.Path("pki")); err != nil {
					t.Fatal(err)
				}
				link(t, s, "pki")
			},
			groups: []string{"service-account"},
			file:   "pki", says: "leads nowhere", hintSays: "mount",
		},
		"leaf before its authority": {
			spoil: func(t *testing.T, s *Store) {
				if err := os.RemoveAll(s.work.Path("pki")); err != nil {
					t.Fatal(err)
				}
			},
			groups: []string{"apiserver"},
			file:   "pki/ca.crt", says: "missing", hintSays: "hardway pki ca",
		},
		"a part that does not exist": {
			spoil:  func(*testing.T, *Store) {},
			groups: []string{"kubelt"},
			file:   "pki kubelt", says: "no such part", hintSays: "kubelet",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := issued3(t)
			c.spoil(t, s)
			before := digests(t, s)
			decisions, err := s.Plan(noon, c.groups...)
			var problems cluster.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("planned %d decisions with error %v, want problems", len(decisions), err)
			}
			if len(problems) != 1 {
				t.Errorf("%d problems, want one: %v", len(problems), problems)
			}
			p := problems[0]
			if p.Subject != c.file || !strings.Contains(p.Message, c.says) || !strings.Contains(p.Hint, c.hintSays) {
				t.Errorf("got %s: %s (hint: %s), want %s: …%s… (hint: …%s…)", p.Subject, p.Message, p.Hint, c.file, c.says, c.hintSays)
			}
			if decisions != nil {
				t.Errorf("%d decisions beside the problem, want none", len(decisions))
			}
			if after := digests(t, s); !equal(before, after) {
				t.Error("files changed")
			}
		})
	}
}

// encrypt puts a passphrase on pki/ca.key with one of openssl's commands, which differ in the format.
func encrypt(t *testing.T, s *Store, command string) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "encrypted")
	openssl(t, command, "-in", s.work.Path("pki/ca.key"), "-aes256", "-passout", "pass:secret", "-out", out)
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, "pki/ca.key", data)
}

func TestAllProblemsAreReportedInOneGo(t *testing.T) {
	s := issued3(t)
	remove(t, s, "pki/ca.key", "pki/sa.key")
	put(t, s, "pki/kmaster1/etcd-peer.key", nil)
	_, err := s.Plan(noon)
	var problems cluster.Problems
	if !errors.As(err, &problems) || len(problems) != 3 {
		t.Fatalf("got %v, want three problems", err)
	}
}

func TestAuthorityThatForbidsWhatItShouldSignLeavesNothingBehind(t *testing.T) {
	s := open(t, systemv())
	newCA(t, "web only", nil, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }).drop(t, s, Etcd)
	before := digests(t, s)
	decisions, err := s.Plan(noon)
	if err != nil {
		t.Fatal(err)
	}
	err = s.Apply(t.Context(), decisions)
	var problems cluster.Problems
	if !errors.As(err, &problems) || problems[0].Subject != "pki/etcd-ca.crt" {
		t.Fatalf("got %v, want a problem with pki/etcd-ca.crt", err)
	}
	if after := digests(t, s); !equal(before, after) {
		t.Error("files were written")
	}
}
