package cis_test

import (
	"io/fs"
	"path"
	"slices"
	"testing"

	"sigs.k8s.io/yaml"

	"hardway/artifact"
	"hardway/cluster"
	"hardway/controlplane"
	"hardway/etcd"
	"hardway/pki"
	"hardway/test/cis"
	"hardway/test/sample"
	"hardway/worker"
)

// TestWhatIsRenderedIsHardened judges what would stand on a master and on a worker: what end-to-end tests judge on machines
// that run, so that a slip shows before one has to.
func TestWhatIsRenderedIsHardened(t *testing.T) {
	for _, c := range hosts(t) {
		if len(c.checks) < 25 {
			t.Errorf("only %d checks of a %s", len(c.checks), c.name)
		}
		for _, check := range c.checks {
			if unmet := check.Unmet(c.host(t)); unmet != "" {
				t.Errorf("%s: %s %s: %s", c.name, check.ID, check.Wants, unmet)
			}
		}
	}
}

// TestEveryCheckCanFail takes from a good host what each check wants, one at a time.
func TestEveryCheckCanFail(t *testing.T) {
	for _, c := range hosts(t) {
		for _, check := range c.checks {
			spoiled := c.host(t)
			check.Spoil(&spoiled)
			if check.Unmet(spoiled) == "" {
				t.Errorf("%s: %s %s holds on a host without it", c.name, check.ID, check.Wants)
			}
			if check.Unmet(cis.Host{}) == "" {
				t.Errorf("%s: %s %s holds on a host where nothing runs", c.name, check.ID, check.Wants)
			}
		}
	}
}

type judged struct {
	name   string
	checks []cis.Check
	host   func(t *testing.T) cis.Host
}

func hosts(t *testing.T) []judged {
	spec := sample.Spec(t)
	at := func(name string) func(*testing.T) cis.Host {
		return func(t *testing.T) cis.Host { return rendered(t, spec, sample.Node(t, spec, name)) }
	}
	return []judged{{"master", cis.Master(), at("kmaster1")}, {"worker", cis.Node(), at("kworker1")}}
}

// rendered is a host as it will be: every service running as its unit says.
func rendered(t *testing.T, spec *cluster.Spec, node cluster.Node) cis.Host {
	t.Helper()
	h := cis.Host{Processes: map[string]cis.Process{}, Files: map[string]cis.File{}, Encryption: spec.Encryption.Provider}
	for _, outline := range []func(*cluster.Spec, cluster.Node) ([]artifact.File, []artifact.Service, error){etcd.Outline, controlplane.Outline, worker.Outline} {
		files, services, err := outline(spec, node)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range slices.Concat(files, pkiFiles(spec, node)) {
			h.Files[f.Path] = cis.File{Mode: f.Mode, Owner: f.OwnerOrRoot()}
			configure(t, &h, f)
		}
		for _, s := range services {
			unit, err := s.File("", files, nil)
			if err != nil {
				t.Fatal(err)
			}
			h.Files[unit.Path] = cis.File{Mode: unit.Mode, Owner: unit.OwnerOrRoot()}
			h.Processes[path.Base(s.Binary)] = cis.Process{Unit: unit.Path, Flags: flags(s.Flags)}
		}
	}
	return h
}

// pkiFiles is the certificates and keys of a host, and the directory that delivery makes for them.
func pkiFiles(spec *cluster.Spec, node cluster.Node) []artifact.File {
	files := []artifact.File{{Path: pki.KubernetesDir, Mode: fs.ModeDir | 0o755}}
	for _, component := range []string{etcd.Component, controlplane.Component, worker.Component} {
		files = append(files, pki.Outline(spec, node, component)...)
	}
	return files
}

func configure(t *testing.T, h *cis.Host, f artifact.File) {
	targets := map[string]any{"/var/lib/kubelet/config.yaml": &h.Kubelet, "/etc/kubernetes/kube-proxy.yaml": &h.KubeProxy}
	target, ok := targets[f.Path]
	if !ok {
		return
	}
	data, err := artifact.ReadAll(f.Content)
	if err == nil {
		err = yaml.Unmarshal(data, target)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func flags(list []artifact.Flag) map[string]string {
	var line []string
	for _, f := range list {
		line = append(line, f.String())
	}
	return cis.Flags(line)
}
