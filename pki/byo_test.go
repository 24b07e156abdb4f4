package pki

import (
	"crypto/x509"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBroughtRootIsUsedAndKept(t *testing.T) {
	s := open(t, systemv())
	newCA(t, "Corp Root", nil, nil).drop(t, s, Kubernetes)
	before := digests(t, s)
	issueAll(t, s, noon)
	after := digests(t, s)
	for file, sum := range before {
		if after[file] != sum {
			t.Errorf("%s changed", file)
		}
	}
	opensslVerifies(t, s)
}

func TestBroughtIntermediateSignsBeforeItsRoot(t *testing.T) {
	s := open(t, systemv())
	ca := newCA(t, "Issuing", newCA(t, "Policy", newCA(t, "Corp Root", nil, nil), nil), nil)
	ca.drop(t, s, Kubernetes)
	issueAll(t, s, noon)

	cert, err := s.readCertificates("pki/kmaster1/apiserver.crt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"CN=kube-apiserver", "CN=Issuing", "CN=Policy"}, subjects(cert)); diff != "" {
		t.Errorf("what the API server serves, leaf and intermediates but no root (-want +have):\n%s", diff)
	}
	bundle, err := s.readCertificates("pki/ca-bundle.crt")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"CN=Issuing", "CN=Policy", "CN=Corp Root"}, subjects(bundle)); diff != "" {
		t.Errorf("the bundle (-want +have):\n%s", diff)
	}
	if signer := hostCertificates(t, s, "kmaster1", "controlplane", "/etc/kubernetes/pki/ca.crt"); !cmp.Equal(subjects(signer), []string{"CN=Issuing"}) {
		t.Errorf("the signer on masters holds %v, want exactly the one that signs", subjects(signer))
	}
	if served := hostCertificates(t, s, "kmaster1", "controlplane", "/etc/kubernetes/pki/apiserver.crt"); len(served) != 3 {
		t.Errorf("delivered are %v, want leaf and intermediates", subjects(served))
	}
	opensslVerifies(t, s)
	for _, r := range Catalogue(s.spec) {
		verifyLeaf(t, s, r)
	}
	for _, d := range issueAll(t, s, noon) {
		if d.Changes() {
			t.Errorf("a rerun would %s %s: %s", d.Action, d.File, d.Reason)
		}
	}
}

// TestRootAloneVerifiesWhatAnIntermediateSigned is for clients that trust nothing but the company's root.
func TestRootAloneVerifiesWhatAnIntermediateSigned(t *testing.T) {
	s := open(t, systemv())
	root := newCA(t, "Corp Root", nil, nil)
	newCA(t, "Issuing", root, nil).drop(t, s, Kubernetes)
	issueAll(t, s, noon, "ca", "apiserver")
	file := t.TempDir() + "/root.crt"
	if err := os.WriteFile(file, encodeCertificates(root.cert), 0o644); err != nil {
		t.Fatal(err)
	}
	leaf := s.work.Path("pki/kmaster1/apiserver.crt")
	openssl(t, "verify", "-attime", "1772625600", "-CAfile", file, "-untrusted", leaf, leaf)
}

func TestLeafEndsWithTheFirstIssuerThatEnds(t *testing.T) {
	s := open(t, systemv())
	end := noon.Add(year / 2)
	root := newCA(t, "Old Root", nil, func(c *x509.Certificate) { c.NotAfter = end })
	newCA(t, "Issuing", root, nil).drop(t, s, FrontProxy)
	issueAll(t, s, noon, "front-proxy")
	cert, err := s.Certificate("kmaster1/front-proxy-client")
	if err != nil || !cert.NotAfter.Equal(end) {
		t.Errorf("it ends on %v (%v), want with the root on %s", cert.NotAfter, err, end)
	}
}

func subjects(certs []*x509.Certificate) []string {
	var names []string
	for _, c := range certs {
		names = append(names, c.Subject.String())
	}
	return names
}

// TestRotationInTheMiddle: with the next or the retired generation present, pki all respects the stage.
func TestRotationInTheMiddle(t *testing.T) {
	s := issued3(t)
	coming := newCA(t, "etcd-ca", nil, nil)
	put(t, s, "pki/etcd-ca.next.crt", encodeCertificates(coming.cert))
	put(t, s, "pki/etcd-ca.next.key", keyPEM(t, coming.key))

	prepared := changes(issueAll(t, s, noon))
	if diff := cmp.Diff([]string{"write pki/etcd-ca-bundle.crt"}, prepared); diff != "" {
		t.Errorf("prepare: the bundle trusts both, leaves stay (-want +have):\n%s", diff)
	}
	bundle, err := s.readCertificates("pki/etcd-ca-bundle.crt")
	if err != nil || len(bundle) != 2 {
		t.Fatalf("the bundle holds %v (%v), want both", subjects(bundle), err)
	}
	opensslVerifies(t, s)

	// Promote: the next signs, the one before is retired.
	put(t, s, "pki/etcd-ca.retired.crt", readFileOf(t, s, "pki/etcd-ca.crt"))
	put(t, s, "pki/etcd-ca.crt", encodeCertificates(coming.cert))
	put(t, s, "pki/etcd-ca.key", keyPEM(t, coming.key))
	remove(t, s, "pki/etcd-ca.next.crt", "pki/etcd-ca.next.key")
	promoted := issueAll(t, s, noon)
	if n := len(changes(promoted)); n != 1+1+3*3 {
		t.Errorf("promote changes %d files, want the bundle's order and every leaf of etcd's: %v", n, changes(promoted))
	}
	for _, d := range promoted {
		if d.Action == Reissue && !strings.Contains(d.Reason, "another CA") {
			t.Errorf("%s: %s", d.File, d.Reason)
		}
	}
	if bundle, err := s.readCertificates("pki/etcd-ca-bundle.crt"); err != nil || len(bundle) != 2 || !bundle[0].Equal(coming.cert) {
		t.Errorf("the bundle holds %v (%v), want the new one and the retired one", subjects(bundle), err)
	}
	opensslVerifies(t, s)

	// Finish: only the new one is trusted.
	remove(t, s, "pki/etcd-ca.retired.crt")
	if diff := cmp.Diff([]string{"write pki/etcd-ca-bundle.crt"}, changes(issueAll(t, s, noon))); diff != "" {
		t.Errorf("finish (-want +have):\n%s", diff)
	}
	opensslVerifies(t, s)
}

func TestRetiredAuthorityMayHaveExpired(t *testing.T) {
	s := issued3(t)
	old := newCA(t, "kubernetes", nil, func(c *x509.Certificate) { c.NotAfter = noon.Add(-1) })
	put(t, s, "pki/ca.retired.crt", encodeCertificates(old.cert))
	if diff := cmp.Diff([]string{"write pki/ca-bundle.crt"}, changes(issueAll(t, s, noon))); diff != "" {
		t.Errorf("(-want +have):\n%s", diff)
	}
}

func changes(decisions []Decision) []string {
	var out []string
	for _, d := range decisions {
		if d.Changes() {
			out = append(out, string(d.Action)+" "+d.File)
		}
	}
	return out
}
