package cluster

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// What a document says is what was written: every field that the spec has, also the odd ones.
func TestDocumentIsReadBackAsTheSameSpec(t *testing.T) {
	no := false
	odd := Example()
	odd.Encryption = Encryption{Provider: "kms", Resources: []string{"secrets", "configmaps"}, KMS: KMS{Name: "on", Endpoint: "unix:///run/kms:1.sock"}}
	odd.PKI.ExtraSANs, odd.PKI.SignOnMasters = []string{"api.example.com", "fd00::9", "*.example.com"}, &no
	odd.Network.PodCIDR, odd.Network.ServiceCIDR = OneOrMore{"10.200.0.0/16", "fd01::/56"}, OneOrMore{"10.32.0.0/24", "fd02::/112"}
	odd.Hosts[0].Address = OneOrMore{"192.168.96.46", "fd00::46"}
	odd.Hosts[1].SSH = SSH{User: "1e3", Port: 2222, IdentityFile: "~/my keys/#1: {a}", Jump: OneOrMore{"me@gate:22", "[fd00::1]:22"}, Sudo: &no}
	odd.Hosts[2].SSH.Jump = OneOrMore{}
	odd.Hosts[4].PodCIDR, odd.Worker.PauseImage, odd.Worker.CNIBinDir = OneOrMore{"10.200.7.0/24", "fd01::/64"}, "lab.local/pause:1", "/usr/lib/cni"
	odd.Addons.Images = AddonImages{MetricsServer: "lab.local/metrics-server:v0.9.0"}
	odd.Name, odd.SSH.IdentityFile = "true", "~/.ssh/id"
	odd.Waive = []string{WaiveEvenMembers}
	for _, spec := range []*Spec{Example(), parsed(t, systemv), odd} {
		spec.Default()
		document, err := Document(spec, "line\nbreak")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(document), "# line break\n#") {
			t.Errorf("begins %.40s", document)
		}
		back, err := Parse(document, "cluster.yaml")
		if err != nil {
			t.Fatalf("%v in\n%s", err, document)
		}
		if diff := cmp.Diff(spec, back, cmpopts.EquateEmpty()); diff != "" {
			t.Error(diff)
		}
		for i, n := range spec.Hosts { // under a host an empty list of hosts to jump over is not the same as none
			if (n.SSH.Jump == nil) != (back.Hosts[i].SSH.Jump == nil) {
				t.Errorf("%s: jump %v, want %v", n.Name, back.Hosts[i].SSH.Jump, n.SSH.Jump)
			}
		}
	}
}
