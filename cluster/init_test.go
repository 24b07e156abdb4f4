package cluster

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

func TestTemplateIsValidAsItStands(t *testing.T) {
	spec := parsed(t, string(Template()))
	if got := namesOf(spec.Hosts); got != "kmaster1 kmaster2 kmaster3 haproxy kworker1" {
		t.Errorf("hosts %s", got)
	}
}

// What the template shows as optional is what holds without it.
func TestTemplateSaysTheDefaults(t *testing.T) {
	said := parsed(t, string(Template()))
	bare := &Spec{Name: said.Name, Kubernetes: said.Kubernetes, Etcd: said.Etcd, Endpoint: said.Endpoint, Hosts: said.Hosts,
		Network: Network{PodCIDR: said.Network.PodCIDR, ServiceCIDR: said.Network.ServiceCIDR}}
	bare.Default()
	said.PKI.ExtraSANs, said.Waive = nil, nil // the same as an empty list
	if diff := cmp.Diff(bare, said); diff != "" {
		t.Error(diff)
	}
}

func TestTemplateIndentsBySpaces(t *testing.T) {
	if strings.Contains(string(Template()), "\t") {
		t.Error("the template holds a tab")
	}
	var anything any
	if err := yaml.UnmarshalStrict(Template(), &anything); err != nil {
		t.Error(err)
	}
}

func TestInitFilesCannotBeChangedByCallers(t *testing.T) {
	InitFiles(Template())[1].Data[0] = '!'
	if InitFiles(Template())[1].Data[0] == '!' {
		t.Error("a caller changed what the next one gets")
	}
}

// git itself says what the ignore file keeps out.
func TestGitignoreKeepsSecretsOutAndTheRestIn(t *testing.T) {
	dir := t.TempDir()
	git := func(args ...string) (string, error) {
		cmd := exec.Command("git", append([]string{"-C", dir}, args...)...)
		out, err := cmd.Output()
		return string(out), err
	}
	if _, err := git("init", "-q"); err != nil {
		t.Fatalf("failed to run git, install it: %v", err)
	}
	files := InitFiles(Template())
	writeFile(t, dir, files[1].Path, files[1].Data)
	rows := map[string]bool{
		"pki/ca.key": true, "pki/etcd-ca.next.key": true, "pki/kmaster1/apiserver.key": true, "pki/sa.key": true, "pki/ca.key.plain": true,
		"kubeconfig/admin.kubeconfig": true, "encryption-config.yaml": true, "secrets.yaml": true, ".staging/000000": true, "bin/etcd": true,
		"cluster.yaml": false, "pki/ca.crt": false, "pki/sa.pub": false, "known_hosts": false, "manifests/coredns.yaml": false,
		"hosts/kmaster1/etc/etcd/pki/ca-bundle.crt": false, "hosts/kmaster1/.manifest.json": false, "hosts/kmaster1/usr/local/bin/x": false,
	}
	for path, ignored := range rows {
		if _, err := git("check-ignore", "-q", path); (err == nil) != ignored {
			t.Errorf("%s: ignored %t, want %t", path, err == nil, ignored)
		}
	}
}

func writeFile(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}
