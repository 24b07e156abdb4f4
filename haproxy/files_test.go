package haproxy

import (
	"io/fs"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/test/golden"
	"hardway/test/sample"
	"hardway/test/systemd"
)

func variants() map[string]func(*cluster.Spec) {
	return map[string]func(*cluster.Spec){
		"one-family": func(*cluster.Spec) {},
		"two-families": func(s *cluster.Spec) {
			s.Network.PodCIDR = cluster.OneOrMore{"10.200.0.0/16", "fd00:200::/48"}
			s.Network.ServiceCIDR = cluster.OneOrMore{"10.32.0.0/24", "fd00:32::/112"}
			for i := range s.Hosts {
				s.Hosts[i].Address = append(s.Hosts[i].Address, "fd00:96::"+string(rune('1'+i)))
			}
		},
		"ipv6": func(s *cluster.Spec) {
			s.Network = cluster.Network{PodCIDR: cluster.OneOrMore{"fd00:200::/48"}, ServiceCIDR: cluster.OneOrMore{"fd00:32::/112"}}
			s.LoadBalancer.VirtualIP, s.LoadBalancer.StatsListen = "", "[::1]:9000"
			for i := range s.Hosts {
				s.Hosts[i].Address = cluster.OneOrMore{"fd00:96::" + string(rune('1'+i))}
			}
		},
		"one-machine": func(s *cluster.Spec) {
			for i := range s.Hosts {
				s.Hosts[i].Address = cluster.OneOrMore{"127.0.0." + string(rune('2'+i))}
			}
			s.LoadBalancer.VirtualIP, s.Endpoint.Port = "", 8443
		},
	}
}

func TestHAProxyAcceptsEveryRendering(t *testing.T) {
	for name, edit := range variants() {
		t.Run(name, func(t *testing.T) {
			spec := sample.Spec(t, edit)
			config := lay(t, t.TempDir(), rendered(t, spec, "haproxy1", sample.PKI(t, spec)))
			output, err := exec.Command(program(t), "-c", "-f", config).CombinedOutput()
			if err != nil || strings.Contains(string(output), "WARNING") || strings.Contains(string(output), "ALERT") {
				t.Errorf("haproxy -c: %v\n%s", err, output)
			}
		})
	}
}

func TestGolden(t *testing.T) {
	for name, edit := range variants() {
		t.Run(name, func(t *testing.T) {
			spec := sample.Spec(t, edit)
			got := map[string][]byte{}
			for path, f := range rendered(t, spec, "haproxy1", sample.PKI(t, spec)) {
				if !f.IsDir() && path != CAPath {
					got[strings.TrimPrefix(path, "/")] = anyHash.ReplaceAll([]byte(content(t, f)), []byte(artifact.InputsVariable+"=(hash)"))
				}
			}
			golden.CheckTree(t, "golden/"+name, got)
		})
	}
}

func TestSystemdAcceptsTheDropIn(t *testing.T) {
	spec := sample.Spec(t)
	var files []artifact.File
	for _, f := range rendered(t, spec, "haproxy1", sample.PKI(t, spec)) {
		files = append(files, f)
	}
	systemd.Verify(t, files, []string{"/bin/true", "/bin/kill", preparePath}, []string{Unit, SharedUnit})
}

func TestReadsAreWhatTheConfigurationsName(t *testing.T) {
	spec := sample.Spec(t)
	node := sample.Node(t, spec, "haproxy1")
	files := rendered(t, spec, "haproxy1", sample.PKI(t, spec))
	reads := Reads(spec, node)
	for _, r := range reads {
		if f, ok := files[r.Path]; !ok || f.IsDir() || r.Effect == artifact.Restart || r.Unit == Unit && r.Effect != artifact.Reload {
			t.Errorf("%+v of %v", r, f.Path)
		}
	}
	for path, unit := range map[string]string{ConfigPath: Unit, SharedPath: SharedUnit, servesPath: SharedUnit, dropInOf(SharedUnit): SharedUnit} {
		for word := range strings.FieldsFuncSeq(content(t, files[path]), func(r rune) bool { return strings.ContainsRune(" \n\"=", r) }) {
			named := strings.HasPrefix(word, "/etc/")
			if named && !slices.ContainsFunc(reads, func(r artifact.Read) bool { return r.Path == word && r.Unit == unit }) {
				t.Errorf("%s names %s, and no row of the reads of %s does", path, word, unit)
			}
		}
	}
}

func dropInOf(unit string) string { return artifact.UnitDir + "/" + unit + ".d/hardway.conf" }

// TestNothingNeedsARestart holds that neither another configuration nor another bundle makes the unit stale.
func TestNothingNeedsARestart(t *testing.T) {
	var hashes []string
	for _, edit := range []func(*cluster.Spec){func(*cluster.Spec) {}, func(s *cluster.Spec) { s.Endpoint.Port = 8443 }} {
		spec := sample.Spec(t, edit)
		files := rendered(t, spec, "haproxy2", sample.PKI(t, spec))
		var both string
		for _, unit := range []string{Unit, SharedUnit} {
			hash, err := artifact.InputsOf(files[dropInOf(unit)])
			if err != nil || hash == "" {
				t.Fatalf("the drop-in of %s carries %q: %v", unit, hash, err)
			}
			both += hash
		}
		hashes = append(hashes, both)
	}
	if hashes[0] != hashes[1] {
		t.Error("a change that a reload picks up makes the unit stale")
	}
}

func TestNoPasswordStandsInAFile(t *testing.T) {
	spec := sample.Spec(t)
	for path, f := range rendered(t, spec, "haproxy1", sample.PKI(t, spec)) {
		if f.IsDir() {
			continue
		}
		if f.Secret || strings.Contains(content(t, f), secrets(t).HAProxy.StatsPassword) {
			t.Errorf("%s is or holds a secret", path)
		}
		want, others := map[string]fs.FileMode{CAPath: 0o644, sharedUsers: 0o644, servesPath: 0o755, preparePath: 0o755}[path]
		if !others {
			want = 0o600
		}
		if f.Mode != want || f.OwnerOrRoot() != "root:root" || f.Component != "haproxy" {
			t.Errorf("%s: %v %s of %q", path, f.Mode, f.OwnerOrRoot(), f.Component)
		}
	}
}

func TestOtherNodesHaveNothing(t *testing.T) {
	spec := sample.Spec(t)
	for _, name := range []string{"kmaster1", "kworker1"} {
		node := sample.Node(t, spec, name)
		files, err := Files(spec, node, sample.PKI(t, spec), Secrets{})
		if err != nil || len(files) > 0 || len(Reads(spec, node)) > 0 {
			t.Errorf("%s: %d files, %d reads, error %v", name, len(files), len(Reads(spec, node)), err)
		}
	}
}

func TestLossIsNoticedInTimeAndSlownessIsNoLoss(t *testing.T) {
	if fall < 3 {
		t.Errorf("a server is down after %d slow checks: on loss of etcd's leader every server answers slowly for a second", fall)
	}
	if got := checkInterval + ShortestDetection(); got > 1600*time.Millisecond {
		t.Errorf("a server that hangs is noticed after up to %v: with the second that client-go waits clients miss it for too long", got)
	}
	if got := LongestDetection(); got > 5*time.Second {
		t.Errorf("a lost server is noticed after up to %v", got)
	}
}
