package haproxy

import (
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
	systemd.Verify(t, files, []string{"/bin/true"}, []string{Unit})
}

func TestReadsAreWhatTheConfigurationNames(t *testing.T) {
	spec := sample.Spec(t)
	node := sample.Node(t, spec, "haproxy1")
	files := rendered(t, spec, "haproxy1", sample.PKI(t, spec))
	reads := Reads(spec, node)
	for _, r := range reads {
		if f, ok := files[r.Path]; !ok || f.IsDir() || r.Unit != "haproxy.service" || r.Effect != artifact.Reload {
			t.Errorf("%+v of %+v", r, f)
		}
	}
	for _, word := range strings.Fields(content(t, files[ConfigPath])) {
		named := strings.HasPrefix(word, "/etc/")
		if named && !slices.ContainsFunc(reads, func(r artifact.Read) bool { return r.Path == word }) {
			t.Errorf("the configuration names %s, and no row of the reads does", word)
		}
	}
}

// TestNothingNeedsARestart holds that neither another configuration nor another bundle makes the unit stale.
func TestNothingNeedsARestart(t *testing.T) {
	var hashes []string
	for _, edit := range []func(*cluster.Spec){func(*cluster.Spec) {}, func(s *cluster.Spec) { s.Endpoint.Port = 8443 }} {
		spec := sample.Spec(t, edit)
		hash, err := artifact.InputsOf(rendered(t, spec, "haproxy2", sample.PKI(t, spec))[dropIn])
		if err != nil || hash == "" {
			t.Fatalf("the drop-in carries %q: %v", hash, err)
		}
		hashes = append(hashes, hash)
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
		if want := map[string]bool{CAPath: true}[path]; want != (f.Mode == 0o644) || f.OwnerOrRoot() != "root:root" || f.Component != "haproxy" {
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

func TestThreeFailuresAreNoticedInTime(t *testing.T) {
	if fall < 3 {
		t.Errorf("a server is down after %d slow checks: on loss of etcd's leader every server answers slowly for a second", fall)
	}
	if got := LongestDetection(); got > 5*time.Second {
		t.Errorf("a lost server is noticed after up to %v", got)
	}
}
