package pki

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/util/keyutil"

	"hardway/cluster"
)

func TestPlanWritesNothing(t *testing.T) {
	s := open(t, systemv())
	if _, err := s.Plan(noon); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(s.work.Path())
	if err != nil || len(entries) != 0 {
		t.Errorf("it left %v (%v)", entries, err)
	}
}

func TestEachPartIssuesItsOwnAndNoMore(t *testing.T) {
	s := open(t, systemv())
	var made []string
	for _, g := range Groups() {
		if g.Name == GroupAll {
			break
		}
		before := digests(t, s)
		issueAll(t, s, noon, g.Name)
		for file := range digests(t, s) {
			if before[file] == "" {
				made = append(made, file)
			}
		}
		for file, sum := range digests(t, s) {
			if before[file] != "" && before[file] != sum {
				t.Errorf("pki %s changed %s", g.Name, file)
			}
		}
	}
	// What all subcommands make one after the other is what all makes at once.
	if changed := changes(issueAll(t, s, noon)); changed != nil {
		t.Errorf("pki all after all of them: %v", changed)
	}
	if want := 3*3 + 2 + 2*len(Catalogue(s.spec)); len(made) != want {
		t.Errorf("%d files, want %d", len(made), want)
	}
}

func TestPartOfEachSubcommand(t *testing.T) {
	s := issued3(t)
	for group, want := range map[string][]string{
		"ca":                 {"pki/ca.crt", "pki/ca-bundle.crt"},
		"admin":              {"pki/ca-bundle.crt", "pki/super-admin.crt", "pki/admin.crt"},
		"kubelet":            {"pki/ca-bundle.crt", "pki/kworker1/kubelet.crt", "pki/kworker1/kubelet-serving.crt"},
		"apiserver":          {"pki/ca-bundle.crt", "pki/kmaster1/apiserver.crt", "pki/kmaster1/apiserver-kubelet-client.crt"},
		"controller-manager": {"pki/ca-bundle.crt", "pki/kmaster1/controller-manager.crt", "pki/kmaster1/controller-manager-serving.crt"},
		"scheduler":          {"pki/ca-bundle.crt", "pki/kmaster1/scheduler.crt", "pki/kmaster1/scheduler-serving.crt"},
		"kube-proxy":         {"pki/ca-bundle.crt", "pki/kworker1/kube-proxy.crt"},
		"service-account":    {"pki/sa.key"},
		"etcd": {"pki/etcd-ca.crt", "pki/etcd-ca-bundle.crt", "pki/etcd-admin.crt", "pki/kmaster1/etcd-server.crt", "pki/kmaster1/etcd-peer.crt",
			"pki/kmaster1/apiserver-etcd-client.crt"},
		"front-proxy": {"pki/front-proxy-ca.crt", "pki/front-proxy-ca-bundle.crt", "pki/kmaster1/front-proxy-client.crt"},
	} {
		decisions, err := s.Plan(noon, group)
		if err != nil {
			t.Fatal(err)
		}
		var have []string
		for _, d := range decisions {
			if d.Node == "" || strings.HasSuffix(d.Node, "1") {
				have = append(have, d.File)
			}
		}
		if diff := cmp.Diff(want, have); diff != "" {
			t.Errorf("pki %s (-want +have):\n%s", group, diff)
		}
	}
}

func TestCancelledApplyLeavesNothing(t *testing.T) {
	s := open(t, systemv())
	decisions, err := s.Plan(noon)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := s.Apply(ctx, decisions); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was cancelled", err)
	}
	if left := digests(t, s); len(left) != 0 {
		t.Errorf("it left %v", left)
	}
}

func TestApplyTellsOfEveryLeaf(t *testing.T) {
	s := open(t, systemv())
	decisions, err := s.Plan(noon)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	told := map[int]bool{}
	leaves := len(Catalogue(s.spec))
	err = s.ApplyTelling(t.Context(), decisions, func(done, total int) {
		mu.Lock()
		defer mu.Unlock()
		told[done] = total == leaves
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= leaves; i++ {
		if !told[i] {
			t.Errorf("was not told of %d out of %d", i, leaves)
		}
	}
}

func TestUnwritableWorkDirectoryIsNamed(t *testing.T) {
	s := open(t, systemv())
	decisions, err := s.Plan(noon)
	if err != nil {
		t.Fatal(err)
	}
	// A file where the directory belongs fails for root too, as a read-only one does for everybody else.
	if err := os.WriteFile(s.work.Path("pki"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(t.Context(), decisions); err == nil || !strings.Contains(err.Error(), s.work.Path()) {
		t.Errorf("got %v, want an error that names %s", err, s.work.Path())
	}
	if left := digests(t, s); len(left) != 1 {
		t.Errorf("it left %v", left)
	}
}

func TestServiceAccountPairIsMadeOnceAndItsPublicHalfDerived(t *testing.T) {
	s := issued3(t)
	key := string(readFileOf(t, s, "pki/sa.key"))
	public := string(readFileOf(t, s, "pki/sa.pub"))
	if of := openssl(t, "pkey", "-in", s.work.Path("pki/sa.key"), "-pubout"); of != public {
		t.Error("sa.pub is not what openssl derives from sa.key")
	}
	remove(t, s, "pki/sa.pub")
	if diff := cmp.Diff([]string{"write pki/sa.pub"}, changes(issueAll(t, s, noon))); diff != "" {
		t.Errorf("(-want +have):\n%s", diff)
	}
	// Another algorithm in the spec is for what is made from now on.
	s.spec.PKI.Key = cluster.Key{Algorithm: "ecdsa", Size: 384}
	issueAll(t, s, noon)
	if string(readFileOf(t, s, "pki/sa.key")) != key || string(readFileOf(t, s, "pki/sa.pub")) != public {
		t.Error("the pair changed")
	}
}

func TestOtherAlgorithmInTheSpecKeepsAuthorities(t *testing.T) {
	s := issued3(t)
	before := digests(t, s)
	s.spec.PKI.Key = cluster.Key{Algorithm: "ecdsa", Size: 384}
	for _, d := range issueAll(t, s, noon) {
		if r, leaf := d.Request(); leaf != d.Changes() {
			t.Errorf("%s %s (leaf %v): %s", d.Action, d.File, leaf, r.ID())
		}
	}
	after := digests(t, s)
	for _, row := range Authorities() {
		if before[row.KeyFile()] != after[row.KeyFile()] || before[row.CertFile()] != after[row.CertFile()] {
			t.Errorf("the %s authority changed", row.Name)
		}
	}
	opensslVerifies(t, s)
}

// TestManyChunks writes a set larger than one chunk, in which each leaf still belongs to its key.
func TestManyChunks(t *testing.T) {
	spec := systemv()
	for i := range 700 {
		address := cluster.OneOrMore{fmt.Sprintf("10.1.%d.%d", i/250, i%250+1)}
		spec.Hosts = append(spec.Hosts, cluster.Node{Name: fmt.Sprintf("w%d", i), Address: address, Roles: []cluster.Role{cluster.RoleWorker}})
	}
	s := open(t, spec)
	if n := len(issueAll(t, s, noon)); n < chunk {
		t.Fatalf("%d decisions fit into one chunk", n)
	}
	if changed := changes(issueAll(t, s, noon)); changed != nil {
		t.Errorf("a rerun changes %d files", len(changed))
	}
}

// TestKubernetesReadsOurKeys holds the pair against the reader behind --service-account-signing-key-file.
func TestKubernetesReadsOurKeys(t *testing.T) {
	for _, key := range []cluster.Key{{Algorithm: "ecdsa", Size: 256}, {Algorithm: "ecdsa", Size: 384}, {Algorithm: "rsa", Size: 2048}} {
		spec := systemv()
		spec.PKI.Key = key
		s := open(t, spec)
		issueAll(t, s, noon, "service-account")
		if _, err := keyutil.PrivateKeyFromFile(s.work.Path("pki/sa.key")); err != nil {
			t.Errorf("%s: %v", wantedAlgorithm(key), err)
		}
		if _, err := keyutil.PublicKeysFromFile(s.work.Path("pki/sa.pub")); err != nil {
			t.Errorf("%s: %v", wantedAlgorithm(key), err)
		}
	}
}
