package plan

import (
	"strings"
	"testing"

	"hardway/cluster"
	"hardway/test/sample"
)

func TestStrictARPThatHasNoEffectIsToldOf(t *testing.T) {
	for mode, told := range map[string]bool{"nftables": true, "iptables": true, "ipvs": false} {
		spec := sample.Spec(t, func(s *cluster.Spec) { s.Worker.KubeProxyMode, s.Addons.StrictARP = mode, true })
		if notes := strings.Join(describe(spec).Notes, "\n"); strings.Contains(notes, "spec.addons.strictARP has no effect") != told {
			t.Errorf("with %s the notes are %q", mode, notes)
		}
	}
	if notes := describe(sample.Spec(t)).Notes; len(notes) != 1 {
		t.Errorf("without it the notes are %q", notes)
	}
}
