package pki

import (
	"errors"
	"os"
	"strings"
	"testing"

	"hardway/artifact"
	"hardway/cluster"
)

// link puts a link there that leads nowhere.
func link(t *testing.T, s *Store, file string) {
	t.Helper()
	if err := os.Symlink("/vault/not/mounted", s.work.Path(file)); err != nil {
		t.Fatal(err)
	}
}

func TestNoAuthorityIsMadeWhileRequestsToItAreOut(t *testing.T) {
	s := open(t, systemv())
	apply(t, s, noon, Options{CSROnly: true})
	decisions, err := s.Plan(noon)
	var problems cluster.Problems
	if !errors.As(err, &problems) || len(decisions) > 0 || len(problems) != 3 || !strings.Contains(problems[0].Hint, "pki import") {
		t.Errorf("planned %d, %v, want a problem for each authority", len(decisions), err)
	}
}

func TestNothingIsMadeAnewThatHostsWereRenderedWith(t *testing.T) {
	s := issued3(t)
	node := s.spec.Hosts[0]
	files, err := s.Files(node, "controlplane")
	if err != nil {
		t.Fatal(err)
	}
	locals, err := artifact.Tree{Node: node.Name}.Replace("controlplane", files).Locals()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.work.Commit(locals), os.RemoveAll(s.work.Path("pki"))); err != nil {
		t.Fatal(err)
	}
	decisions, err := s.Plan(noon)
	var problems cluster.Problems
	if !errors.As(err, &problems) || len(decisions) > 0 || len(problems) != 4 || !strings.Contains(problems[0].Hint, "from a backup") {
		t.Errorf("planned %d, %v, want a problem for each authority and the service-account key", len(decisions), err)
	}
	if err := os.RemoveAll(s.work.Path("hosts")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Plan(noon); err != nil {
		t.Errorf("starting over: %v", err)
	}
}
