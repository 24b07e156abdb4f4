package cluster

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestNodesByRole(t *testing.T) {
	spec := parsed(t, systemv)
	if got := namesOf(spec.With(RoleEtcd)); got != "kmaster1 kmaster2 kmaster3" {
		t.Errorf("etcd on %s", got)
	}
	if got := namesOf(spec.Kubelets()); got != "kworker1" {
		t.Errorf("kubelets on %s", got)
	}
	spec.Worker.OnMasters = true
	if got := namesOf(spec.Kubelets()); got != "kmaster1 kmaster2 kmaster3 kworker1" {
		t.Errorf("with masters, kubelets on %s", got)
	}
}

func TestSSHForOverridesFieldByField(t *testing.T) {
	yes, no := true, false
	spec := &Spec{SSH: SSH{User: "root", Port: 22, IdentityFile: "a", Jump: OneOrMore{"bastion"}, Sudo: &no, Parallel: 20, Timeout: Duration{time.Second}}}
	if diff := cmp.Diff(spec.SSH, spec.SSHFor(Node{})); diff != "" {
		t.Errorf("a node that says nothing: %s", diff)
	}
	own := SSH{User: "ubuntu", Port: 2222, IdentityFile: "b", Jump: OneOrMore{}, Sudo: &yes, Timeout: Duration{time.Minute}, CommandTimeout: Duration{time.Hour}}
	want := own
	want.Parallel = 20
	if diff := cmp.Diff(want, spec.SSHFor(Node{SSH: own})); diff != "" {
		t.Errorf("a node that says everything: %s", diff)
	}
}

func TestNodeByName(t *testing.T) {
	spec := parsed(t, systemv)
	if n, ok := spec.Node("kmaster2"); !ok || n.PrimaryAddress() != "192.168.96.47" {
		t.Errorf("got %+v, %t", n, ok)
	}
	if n, ok := spec.Node("kmaster1.systemv.local"); ok {
		t.Errorf("an alias is no name, got %+v", n)
	}
	if got := (Node{}).PrimaryAddress(); got != "" {
		t.Errorf("a node without an address has %q", got)
	}
}
