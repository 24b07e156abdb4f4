package plan

import (
	"strings"
	"testing"
)

// TestNamesOfRequestsAreNoShells: a request is called as whoever made it likes, and the command is copied by whoever is asked.
func TestNamesOfRequestsAreNoShells(t *testing.T) {
	report := approvals([]judged{{Request: "csr; reboot", Node: "w1", Result: "refuse", Reasons: []string{"it asks for mail addresses or URIs"}}})
	if got := report.Problems[0].Hint; !strings.HasSuffix(got, "kubectl certificate deny 'csr; reboot'") {
		t.Errorf("it says: %s", got)
	}
}
