package remote

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestCommentsOfRulesAreNoShells: rules are whoever's who may write them, such as a pod on the host's network; the script runs
// as root of the host.
func TestCommentsOfRulesAreNoShells(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "ran")
	before := `export PATH=$PATH:/usr/sbin:/sbin
iptables -N KUBE-FIREWALL && iptables -A KUBE-FIREWALL -j DROP && iptables -N THEIRS &&
iptables -A INPUT -m comment --comment "\$(touch ` + mark + `) \"quoted\" it's" -j KUBE-FIREWALL && iptables -A INPUT -j THEIRS || exit 9
sh -c "$1" unlink no-such-device || exit 8
iptables -S`
	// The user is mapped so that the network's rules may be written without being root.
	out, err := exec.Command("unshare", "--map-root-user", "--net", "sh", "-c", before, "test", unlinkScript).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := os.Stat(mark); err == nil {
		t.Error("a comment was executed")
	}
	if left := string(out); strings.Contains(left, "KUBE-FIREWALL") || !strings.Contains(left, "-A INPUT -j THEIRS") {
		t.Errorf("left is\n%s", left)
	}
}
