package worker

import (
	"fmt"
	"path"
	"regexp"
	"strings"
	"testing"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/test/golden"
)

// inputsHash depends on keys, which are new in every run.
var inputsHash = regexp.MustCompile(artifact.InputsVariable + "=[0-9a-f]{64}")

// TestGolden holds everything of a node that is no certificate, and who reads what.
func TestGolden(t *testing.T) {
	for _, c := range []struct {
		name, node string
		edits      []func(*cluster.Spec)
	}{
		{"worker-v1.34.0", "kworker1", []func(*cluster.Spec){running("v1.34.0")}},
		{"worker-v1.36.3", "kworker1", nil},
		{"worker-two-families", "kworker2", []func(*cluster.Spec){dual}},
		{"worker-other-network", "kworker1", []func(*cluster.Spec){otherNetwork, func(s *cluster.Spec) {
			s.Worker.KubeProxyMode, s.Worker.CgroupDriver, s.Addons.StrictARP = "ipvs", "cgroupfs", true
		}}},
		{"master-with-pods", "kmaster1", []func(*cluster.Spec){onMasters}},
		{"master-without-pods", "kmaster1", nil},
		{"worker-asking", "kworker1", []func(*cluster.Spec){asking}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t, c.edits...)
			got := map[string][]byte{"reads.txt": []byte(table(Reads(r.spec, r.node(t, c.node))))}
			for _, f := range r.files(t, c.node) {
				if !f.IsDir() && f.Source == "" && f.Mode == 0o600 {
					got[strings.TrimPrefix(f.Path, "/")] = inputsHash.ReplaceAll([]byte(content(t, f)), []byte(artifact.InputsVariable+"=(hash)"))
				}
			}
			golden.CheckTree(t, path.Join("golden", c.name), got)
		})
	}
}

func table(reads []artifact.Read) string {
	var out strings.Builder
	for _, r := range reads {
		fmt.Fprintf(&out, "%s %s %s %s %s\n", strings.TrimSuffix(r.Unit, ".service"), r.Path, r.Use, r.Effect, r.Peer)
	}
	return out.String()
}
