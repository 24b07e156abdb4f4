package cluster

import (
	"strings"
	"testing"
)

// TestKubeletsThatAskNeedASigner: with a token, somebody in the cluster signs what kubelets ask for.
func TestKubeletsThatAskNeedASigner(t *testing.T) {
	for name, c := range map[string]struct {
		bootstrap string
		signs     bool
		refused   bool
	}{"token": {"token", true, false}, "token, and nobody signs": {"token", false, true}, "certificates, and nobody signs": {"certificates", false, false}} {
		s, err := Parse(Template(), "cluster.yaml")
		if err != nil {
			t.Fatal(err)
		}
		s.Worker.Bootstrap, s.PKI.SignOnMasters = c.bootstrap, &c.signs
		found := s.Validate()
		if refused := len(found) == 1 && found[0].Subject == "spec.worker.bootstrap" && strings.Contains(found[0].Message, "signOnMasters"); refused != c.refused || !refused && len(found) > 0 {
			t.Errorf("%s: %v", name, found)
		}
	}
}
